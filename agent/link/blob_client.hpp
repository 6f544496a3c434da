#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "agent/executors/executor.hpp"
#include "common/clock.hpp"
#include "protocol/message.hpp"

namespace switchyard::agent {

/// Pieces of artifacts over the bulk connection. fetch() is called on worker threads and blocks; deliver() on the
/// loop's. A question whose answer does not come in good time is asked again, so that a broken connection only costs
/// time.
class BlobClient final : public BlobSource {
 public:
  /// `ask` is called on a worker thread; it must hand the message to the loop.
  BlobClient(const Clock& clock, std::function<void(protocol::BlobGet)> ask) : clock_(clock), ask_(std::move(ask)) {}

  std::string fetch(const ReleaseId& release, bool manifest, std::uint64_t offset, std::uint32_t length,
                    std::int64_t deadline_boot_ms, const std::stop_token& stop) override;
  void begin(const ReleaseId& release, std::uint64_t offset, std::uint32_t length) override;
  void give_up(const ReleaseId& release, std::uint64_t offset) override;
  void deliver(protocol::Blob blob);

 private:
  using Question = std::tuple<std::string, bool, std::uint64_t>;
  struct Waiting {
    unsigned askers = 0;
    bool asked = false;
    std::int64_t asked_boot_ms = 0;  ///< for the first time
    bool answered = false;
    protocol::Blob answer;
  };

  void drop_asker(const Question& question);

  const Clock& clock_;
  std::function<void(protocol::BlobGet)> ask_;
  std::mutex mutex_;  ///< guards all below
  std::condition_variable_any wake_;
  std::map<Question, Waiting> waiting_;
  std::int64_t answer_ms_ = 0;  ///< how long answers take, smoothed
};

}  // namespace switchyard::agent
