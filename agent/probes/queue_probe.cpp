// Redis over its own protocol (RESP 2): a dozen lines of it are all that a check needs.
#include <optional>
#include <string>
#include <vector>

#include "agent/probes/credential.hpp"
#include "agent/probes/deadline_socket.hpp"
#include "agent/probes/probe.hpp"
#include "common/ids.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

/// A conversation with one server. What it answers is returned as it stands on the wire, without the line end.
class RedisTalk {
 public:
  explicit RedisTalk(DeadlineSocket socket) : socket_(std::move(socket)) {}

  std::optional<std::string> ask(const std::vector<std::string>& words, std::string& why) {
    std::string text = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& word : words) text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    if (!socket_.send_all(text, why)) return std::nullopt;
    auto line = read_line(why);
    // A text of some length: the text itself is the answer.
    if (line && line->starts_with('$') && *line != "$-1") line = read_line(why);
    return line;
  }

 private:
  std::optional<std::string> read_line(std::string& why) {
    for (;;) {
      const std::size_t end = pending_.find("\r\n");
      if (end != std::string::npos) {
        std::string line = pending_.substr(0, end);
        pending_.erase(0, end + 2);
        return line;
      }
      if (pending_.size() > limits::excerpt_bytes_max) {
        why = "it answers something else than Redis does";
        return std::nullopt;
      }
      const auto got = socket_.receive(why);
      if (!got) return std::nullopt;
      if (got->empty()) {
        why = "it closed the connection";
        return std::nullopt;
      }
      pending_ += *got;
    }
  }

  DeadlineSocket socket_;
  std::string pending_;
};

/// Empty when the command is answered as `wanted`, else why not.
std::string expect(RedisTalk& talk, const std::vector<std::string>& words, const std::string& wanted) {
  std::string why;
  const auto answer = talk.ask(words, why);
  if (!answer) return words.front() + ": " + why;
  return *answer == wanted ? "" : words.front() + " was answered with " + answer->substr(0, 200);
}

std::string sign_in(RedisTalk& talk, const protocol::QueueProbe& probe, const std::string& password) {
  std::vector<std::string> words = {"AUTH"};
  if (!probe.user.empty()) words.push_back(probe.user);
  words.push_back(password);
  return expect(talk, words, "+OK");
}

/// A list of our own, that goes away by itself should we be cut off.
std::string put_and_take(RedisTalk& talk) {
  const std::string list = "switchyard:probe:" + random_hex(8);
  const std::string item = random_hex(8);
  if (std::string why = expect(talk, {"LPUSH", list, item}, ":1"); !why.empty()) return why;
  if (std::string why = expect(talk, {"EXPIRE", list, "60"}, ":1"); !why.empty()) return why;
  return expect(talk, {"RPOP", list}, item);
}

}  // namespace

ProbeTry try_queue(const protocol::QueueProbe& probe, const std::filesystem::path& credentials,
                   std::uint32_t timeout_ms, const std::stop_token& stop) {
  const std::string place = "the queue on " + probe.host + " port " + std::to_string(probe.port);
  std::string why;
  std::optional<std::string> password;
  if (!probe.credential.empty()) {
    password = read_credential(credentials, probe.credential, why);
    if (!password) return not_known(place + ": " + why);
  }
  auto socket = DeadlineSocket::connect(probe.host, probe.port, Deadline(timeout_ms), stop, why);
  if (!socket) return not_ok("cannot connect to " + place + ": " + why);
  RedisTalk talk(std::move(*socket));
  why = password ? sign_in(talk, probe, *password) : "";
  if (why.empty()) why = expect(talk, {"PING"}, "+PONG");
  if (why.empty()) why = put_and_take(talk);
  if (!why.empty()) return not_ok(place + ": " + why);
  return all_ok(place + " answers, takes an entry and gives it back");
}

}  // namespace switchyard::agent
