#include "agent/link/blob_client.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
std::string BlobClient::fetch(const ReleaseId& release, bool manifest, std::uint64_t offset, std::uint32_t length,
                              std::int64_t deadline_boot_ms, const std::stop_token& stop) {
  const Question question{release.str(), manifest, offset};
  const std::string what =
      (manifest ? "the manifest of release " : "release ") + release.str() + " at byte " + std::to_string(offset);
  std::unique_lock lock(mutex_);
  Waiting& waiting = waiting_[question];  // a node of a map stays where it is
  ++waiting.askers;
  std::int64_t again_ms = std::clamp(4 * answer_ms_, limits::blob_resend_ms_min, limits::blob_resend_ms_max);
  std::string trouble;
  while (!waiting.answered && trouble.empty()) {
    // When begin() has asked, only what does not come is asked for again.
    if (!std::exchange(waiting.asked, true)) {
      if (waiting.asked_boot_ms == 0) waiting.asked_boot_ms = clock_.boot_ms();
      lock.unlock();
      ask_(protocol::BlobGet{release, manifest, offset, length});
      lock.lock();
    }
    const std::int64_t left = deadline_boot_ms - clock_.boot_ms();
    const auto pause = std::chrono::milliseconds(std::clamp<std::int64_t>(left, 1, again_ms));
    wake_.wait_for(lock, stop, pause, [&] { return waiting.answered; });
    if (!waiting.answered) waiting.asked = false;
    again_ms = std::min(2 * again_ms, limits::blob_resend_ms_max);
    if (stop.stop_requested()) trouble = "fetching " + what + " was stopped";
    if (!waiting.answered && clock_.boot_ms() >= deadline_boot_ms)
      trouble = "the coordinator did not send " + what + " in time";
  }
  protocol::Blob answer = waiting.answer;
  const bool answered = waiting.answered;
  drop_asker(question);
  if (!answered) throw TransportError(trouble);
  if (answer.missing) throw TransportError("the coordinator does not have " + what + "; upload the artifact again");
  return std::move(answer.bytes);
}

void BlobClient::begin(const ReleaseId& release, std::uint64_t offset, std::uint32_t length) {
  {
    const std::lock_guard lock(mutex_);
    Waiting& waiting = waiting_[{release.str(), false, offset}];
    ++waiting.askers;
    if (std::exchange(waiting.asked, true)) return;
    waiting.asked_boot_ms = clock_.boot_ms();
  }
  ask_(protocol::BlobGet{release, false, offset, length});
}

void BlobClient::give_up(const ReleaseId& release, std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  drop_asker({release.str(), false, offset});
}

void BlobClient::drop_asker(const Question& question) {
  const auto found = waiting_.find(question);
  if (--found->second.askers == 0) waiting_.erase(found);
}

void BlobClient::deliver(protocol::Blob blob) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find({blob.release.str(), blob.manifest, blob.offset});
  if (found == waiting_.end() || found->second.answered) return;  // asked twice, answered twice
  answer_ms_ = (3 * answer_ms_ + (clock_.boot_ms() - found->second.asked_boot_ms)) / 4;
  found->second.answer = std::move(blob);
  found->second.answered = true;
  wake_.notify_all();
}

}  // namespace switchyard::agent
