#include "agent/executors/file_list.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "common/crypto.hpp"
#include "common/error.hpp"
#include "common/hex.hpp"

namespace switchyard::agent {
namespace {

// A line per fact, fields apart by one space, the path last. Paths hold no control characters (ArchiveRules), so a line
// is a line; a link's target has a line of its own.
constexpr std::string_view head = "switchyard-files 1";

std::string_view kind_name(EntryKind kind) {
  switch (kind) {
    case EntryKind::file:
      return "file";
    case EntryKind::directory:
      return "directory";
    case EntryKind::link:
      return "link";
    case EntryKind::other:
      break;
  }
  return "other";
}

std::string octal(std::uint32_t mode) {
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), mode, 8).ptr;
  return std::string(digits.data(), end);
}

template <class T>
T number(std::string_view text, int base) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) throw DecodeError("file list: a number is malformed");
  return value;
}

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) throw DecodeError("file list: it is cut off");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

std::string_view take_word(std::string_view& line) {
  const std::size_t end = line.find(' ');
  if (end == std::string_view::npos) throw DecodeError("file list: a line is cut off");
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end + 1);
  return word;
}

void decode_line(std::string_view line, std::string_view& rest, FileList& list) {
  const std::string_view kind = take_word(line);
  if (kind == "shared") {
    list.shared.emplace_back(line);
    return;
  }
  FileFact fact;
  fact.mode = number<std::uint32_t>(take_word(line), 8);
  if (kind == "file") {
    fact.bytes = number<std::uint64_t>(take_word(line), 10);
    fact.sha256 = std::string(take_word(line));
    if (fact.sha256.size() != 64 || !from_hex(fact.sha256)) throw DecodeError("file list: a digest is malformed");
  } else if (kind == "directory") {
    fact.kind = EntryKind::directory;
  } else if (kind == "link") {
    fact.kind = EntryKind::link;
    fact.target = std::string(take_line(rest));
  } else {
    throw DecodeError("file list: a line is of an unknown kind");
  }
  if (!list.files.emplace(std::string(line), std::move(fact)).second) {
    throw DecodeError("file list: a path appears twice");
  }
}

}  // namespace

std::string encode_file_list(const FileList& list) {
  std::string text(head);
  text += '\n';
  for (const std::string& path : list.shared) text += "shared " + path + "\n";
  for (const auto& [path, fact] : list.files) {
    text += std::string(kind_name(fact.kind)) + " " + octal(fact.mode) + " ";
    if (fact.kind == EntryKind::file) text += std::to_string(fact.bytes) + " " + fact.sha256 + " ";
    text += path + "\n";
    if (fact.kind == EntryKind::link) text += fact.target + "\n";
  }
  return text + "end " + sha256_hex(text) + "\n";
}

FileList decode_file_list(std::string_view bytes) {
  const std::size_t end = bytes.rfind("end ");
  if (end == std::string_view::npos || (end != 0 && bytes[end - 1] != '\n') ||
      bytes.substr(end) != "end " + sha256_hex(bytes.substr(0, end)) + "\n") {
    throw DecodeError("file list: its own digest does not match");
  }
  std::string_view rest = bytes.substr(0, end);
  if (take_line(rest) != head) throw DecodeError("file list: it is of an unknown version");
  FileList list;
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    decode_line(line, rest, list);
  }
  return list;
}

}  // namespace switchyard::agent
