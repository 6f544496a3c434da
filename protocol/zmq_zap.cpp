#include "protocol/zmq_zap.hpp"

#include <zmq.h>

#include <vector>

#include "common/clock.hpp"
#include "common/ensure.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "protocol/zmq_curve_keys.hpp"

namespace switchyard::protocol {
namespace {

constexpr std::string_view zap_version = "1.0";
/// version, request id, domain, address, identity, mechanism, and for CURVE the key.
constexpr std::size_t question_parts = 7;
constexpr std::int64_t log_interval_ms = 1'000;

std::vector<std::string> receive_all(ZmqSocket& socket) {
  std::vector<std::string> parts;
  while (auto part = socket.receive()) {
    parts.push_back(std::move(part->bytes));
    if (!part->more) break;
    if (parts.size() > question_parts) {
      socket.drop_rest();
      break;
    }
  }
  return parts;
}

}  // namespace

void PeerAllowList::allow(std::uint64_t grant, std::string public_key) {
  ENSURE(!grants_.contains(public_key) && !keys_.contains(grant));
  grants_.emplace(public_key, grant);
  keys_.emplace(grant, std::move(public_key));
}

void PeerAllowList::disallow(std::uint64_t grant) {
  const auto found = keys_.find(grant);
  if (found == keys_.end()) return;
  grants_.erase(found->second);
  keys_.erase(found);
}

std::optional<std::uint64_t> PeerAllowList::find(std::string_view public_key) const {
  const auto found = grants_.find(public_key);
  if (found == grants_.end()) return std::nullopt;
  return found->second;
}

ZapHandler::ZapHandler(ZmqContext& context, std::string expected_stranger)
    : socket_(context, ZMQ_REP), expected_stranger_(std::move(expected_stranger)) {
  socket_.bind("inproc://zeromq.zap.01");
}

void ZapHandler::answer(const AskAllowed& allowed) {
  for (int i = 0; i < limits::receive_burst_frames && answer_one(allowed); ++i) {
  }
}

bool ZapHandler::answer_one(const AskAllowed& allowed) {
  const std::vector<std::string> question = receive_all(socket_);
  if (question.empty()) return false;
  const bool readable = question.size() == question_parts && question[0] == zap_version && question[2] == zap_domain &&
                        question[5] == "CURVE" && question[6].size() == 32;
  const std::optional<std::uint64_t> grant =
      readable ? allowed().find(curve_key_text(question[6])) : std::optional<std::uint64_t>();
  if (!grant) note_refusal(readable ? question[3] : "unknown", readable ? curve_key_text(question[6]) : "unreadable");
  socket_.send(zap_version, true);
  socket_.send(question.size() > 1 ? question[1] : "", true);
  socket_.send(grant ? "200" : "400", true);
  socket_.send(grant ? "" : "unknown key", true);
  socket_.send(grant ? std::to_string(*grant) : "", true);
  socket_.send("", false);
  return true;
}

std::vector<RefusedDial> ZapHandler::take_refused() {
  std::map<std::pair<std::string, std::string>, std::uint64_t> dials;
  {
    const std::lock_guard lock(mutex_);
    dials.swap(dials_);
  }
  std::vector<RefusedDial> refused;
  refused.reserve(dials.size());
  for (const auto& [from, count] : dials) refused.push_back({from.first, from.second, count});
  return refused;
}

/// One line a second at most, and so many dials remembered: a stranger must not fill the log, nor the memory.
void ZapHandler::note_refusal(const std::string& address, const std::string& key) {
  if (key == expected_stranger_) return;
  ++refused_;
  {
    const std::lock_guard lock(mutex_);
    const bool room = dials_.size() < limits::refused_dials_max || dials_.contains({address, key});
    ++dials_[room ? std::pair(address, key) : std::pair<std::string, std::string>()];
  }
  const std::int64_t now = SystemClock().boot_ms();
  if (now - noted_boot_ms_ < log_interval_ms && noted_boot_ms_ != 0) return;
  noted_boot_ms_ = now;
  log::warning("connection refused: unknown key", {{"address", address}, {"key", key}, {"refused_so_far", refused_}});
}

}  // namespace switchyard::protocol
