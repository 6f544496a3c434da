#include "agent/link/blob_client.hpp"

#include <algorithm>
#include <chrono>

#include "common/error.hpp"

namespace switchyard::agent {
namespace {

constexpr std::int64_t ask_again_ms = 3'000;

}  // namespace

std::string BlobClient::fetch(const ReleaseId& release, bool manifest, std::uint64_t offset, std::uint32_t length,
                              std::int64_t deadline_boot_ms, const std::stop_token& stop) {
  const Question question{release.str(), manifest, offset};
  const std::string what =
      (manifest ? "the manifest of release " : "release ") + release.str() + " at byte " + std::to_string(offset);
  std::unique_lock lock(mutex_);
  Waiting& waiting = waiting_[question];  // a node of a map stays where it is
  ++waiting.askers;
  std::string trouble;
  while (!waiting.answered && trouble.empty()) {
    lock.unlock();
    ask_(protocol::BlobGet{release, manifest, offset, length});
    lock.lock();
    const std::int64_t left = deadline_boot_ms - clock_.boot_ms();
    const auto pause = std::chrono::milliseconds(std::clamp<std::int64_t>(left, 1, ask_again_ms));
    wake_.wait_for(lock, stop, pause, [&] { return waiting.answered; });
    if (stop.stop_requested()) trouble = "fetching " + what + " was stopped";
    if (!waiting.answered && clock_.boot_ms() >= deadline_boot_ms)
      trouble = "the coordinator did not send " + what + " in time";
  }
  protocol::Blob answer = waiting.answer;
  const bool answered = waiting.answered;
  if (--waiting.askers == 0) waiting_.erase(question);
  if (!answered) throw TransportError(trouble);
  if (answer.missing) throw TransportError("the coordinator does not have " + what + "; upload the artifact again");
  return std::move(answer.bytes);
}

void BlobClient::deliver(protocol::Blob blob) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find({blob.release.str(), blob.manifest, blob.offset});
  if (found == waiting_.end() || found->second.answered) return;  // asked twice, answered twice
  found->second.answer = std::move(blob);
  found->second.answered = true;
  wake_.notify_all();
}

}  // namespace switchyard::agent
