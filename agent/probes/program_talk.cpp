#include "agent/probes/program_talk.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "protocol/text.hpp"

namespace switchyard::agent {
namespace {

struct Pipe {
  FileDescriptor read, write;
};

/// Ours never block, and nobody inherits them: systemd gets the other ends.
Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("making a pipe for a program");
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

/// It fits into the pipe, so writing it never waits for the program.
void write_whole(const FileDescriptor& end, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(end.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw_errno("writing what a program is asked");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string text_of(const JsonValue& value) {
  return value.kind == JsonValue::Kind::text ? value.text : json_text(value);
}

}  // namespace

ProgramTalk::ProgramTalk(std::string_view request, std::size_t answer_bytes_max) : answer_bytes_max_(answer_bytes_max) {
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  write_whole(in.write, request);
  if (::fcntl(out.read.get(), F_SETFL, O_NONBLOCK) != 0) throw_errno("preparing a pipe for a program");
  // The other end of its input is closed here: the program reads to the end.
  input_ = std::move(in.read);
  output_ = std::move(out.write);
  heard_ = std::move(out.read);
}

std::string ProgramTalk::take() {
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t got = ::read(heard_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return {};
    answer_.append(buffer.data(), static_cast<std::size_t>(got));
    if (answer_.size() > answer_bytes_max_) return "said more than " + std::to_string(answer_bytes_max_) + " bytes";
  }
}

std::map<std::string, std::string> detail_texts(const JsonValue& details) {
  std::map<std::string, std::string> texts;
  std::size_t left = limits::check_details_bytes_max;
  for (const auto& [raw, value] : details.members) {
    const std::string name = protocol::clean_text(raw, limits::check_details_bytes_max);  // it may be any bytes
    std::string text = text_of(value);
    if (name.size() + text.size() > left) break;
    left -= name.size() + text.size();
    texts[name] = std::move(text);
  }
  return texts;
}

}  // namespace switchyard::agent
