#include "agent/link/link_note.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace switchyard::agent {
namespace {

constexpr std::array all_states{LinkState::connected, LinkState::refused, LinkState::unreachable, LinkState::lost};

std::filesystem::path note_file(const std::filesystem::path& run) { return run / "coordinator-link"; }

/// Takes the text up to the next line's end, or to the end of all.
std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

}  // namespace

std::string_view link_state_name(LinkState state) {
  switch (state) {
    case LinkState::connected:
      return "connected";
    case LinkState::refused:
      return "refused";
    case LinkState::unreachable:
      return "unreachable";
    case LinkState::lost:
      return "lost";
  }
  return {};
}

void write_link_note(FileSystem& files, const std::filesystem::path& run, const LinkNote& note) {
  std::string text = note.text;
  std::replace(text.begin(), text.end(), '\n', ' ');
  files.create_directories(run, 0755);
  files.write_atomically(
      note_file(run),
      std::string(link_state_name(note.state)) + "\n" + std::to_string(note.since_wall_ms) + "\n" + text + "\n", 0644);
}

void remove_link_note(FileSystem& files, const std::filesystem::path& run) { files.remove(note_file(run)); }

std::optional<LinkNote> read_link_note(const FileSystem& files, const std::filesystem::path& run) {
  const std::optional<std::string> bytes = files.read(note_file(run));
  if (!bytes) return std::nullopt;
  std::string_view rest = *bytes;
  const std::string_view state = take_line(rest);
  const std::string_view since = take_line(rest);
  LinkNote note;
  const auto found = std::find_if(all_states.begin(), all_states.end(),
                                  [&](LinkState candidate) { return link_state_name(candidate) == state; });
  const auto [end, error] = std::from_chars(since.data(), since.data() + since.size(), note.since_wall_ms);
  if (found == all_states.end() || error != std::errc() || end != since.data() + since.size()) return std::nullopt;
  note.state = *found;
  note.text = take_line(rest);
  return note;
}

}  // namespace switchyard::agent
