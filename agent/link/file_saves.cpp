#include "agent/link/file_saves.hpp"

#include <algorithm>
#include <utility>

#include "common/limits_snapshots.hpp"
#include "common/log.hpp"

namespace switchyard::agent {

FileSaves::FileSaves(Scheduler& loop, Workers& workers, const Clock& clock, HostId self, Hands hands)
    : loop_(loop), workers_(workers), clock_(clock), self_(std::move(self)), hands_(std::move(hands)) {}

/// Empty when it may be carried out.
std::string FileSaves::trouble_with_save(const protocol::SaveFiles& save) const {
  std::string why = "no plan key is trusted";
  for (const std::string& key : hands_.trusted_keys()) {
    const auto refused = protocol::refuse_order(save, self_, key);
    if (!refused) return {};
    why = *refused;
  }
  return why;
}

void FileSaves::ordered(const protocol::SaveFiles& save) {
  const std::string trouble = trouble_with_save(save);
  if (!trouble.empty()) {
    log::error("an order to keep files was refused", {{"why", trouble}});
    return;  // who has no right to order is told nothing
  }
  protocol::SaveOrder order = protocol::decode_save_order(save.order);
  if (under_way_.contains(order.request)) return;
  const auto before = std::find_if(answered_.begin(), answered_.end(),
                                   [&](const protocol::FilesSaved& answer) { return answer.request == order.request; });
  if (before != answered_.end()) return hands_.send(*before);
  const std::int64_t late_ms = clock_.wall_ms() - order.not_after_wall_ms;
  const std::int64_t early_ms = -late_ms - 2 * limits::save_order_ms;
  if (late_ms > 0 || early_ms > 0) {
    return hands_.send({order.request,
                        {},
                        "the order is too old, or of the future, by this host's clock; compare the clocks of "
                        "coordinator and host"});
  }
  // One at a time: databases can be slow, and a revert must find a worker. The coordinator says it again.
  if (!under_way_.empty()) return;
  const std::string request = order.request;
  under_way_.insert(request);
  const bool queued = workers_.submit([this, order = std::move(order)] {
    protocol::FilesSaved saved{order.request, {}, {}};
    for (const protocol::FileSave& one : order.saves)
      saved.results.push_back(keep_in_time(one, order.not_after_wall_ms));
    loop_.post([this, saved = std::move(saved)]() mutable { ended(std::move(saved)); });
  });
  if (!queued) under_way_.erase(request);
}

/// One that comes late does not know what newer orders want kept.
protocol::FileSaveResult FileSaves::keep_in_time(const protocol::FileSave& wanted, std::int64_t not_after_wall_ms) {
  const std::int64_t left_ms = not_after_wall_ms - clock_.wall_ms();
  if (left_ms >= 0) return hands_.keep(wanted, left_ms);
  protocol::FileSaveResult late;
  late.component = wanted.component;
  late.code = "timeout";
  late.detail = "the order had grown too old before its turn came";
  return late;
}

void FileSaves::ended(protocol::FilesSaved saved) {
  under_way_.erase(saved.request);
  for (const protocol::FileSaveResult& result : saved.results) {
    log::info("files kept for a snapshot", {{"component", result.component},
                                            {"done", result.done},
                                            {"code", result.code},
                                            {"detail", result.detail.substr(0, 200)}});
  }
  hands_.send(saved);
  answered_.push_back(std::move(saved));
  if (answered_.size() > limits::save_answers_kept) answered_.pop_front();
}

}  // namespace switchyard::agent
