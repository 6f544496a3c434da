#include "coordinator/fleet/timeline_viewers.hpp"

#include <string>
#include <utility>
#include <vector>

#include "common/limits.hpp"

namespace switchyard::fleet {
namespace {

std::string timer_name(std::uint64_t number) { return "viewer/" + std::to_string(number); }

}  // namespace

void TimelineViewers::wait(const DeploymentId& id, std::size_t after, std::int64_t wait_ms,
                           std::function<void()> reply) {
  Viewer viewer{id, after, std::move(reply)};
  // Beyond the bound a viewer is answered at once: it asks again, which is slower and never wrong.
  if (wait_ms <= 0 || viewers_.size() >= limits::timeline_viewers_max || ready(viewer)) return viewer.reply();
  const std::uint64_t number = ++last_number_;
  viewers_.emplace(number, std::move(viewer));
  timers_.set(timer_name(number), wait_ms, [this, number] { answer(number); });
}

void TimelineViewers::grew(const DeploymentId& id) {
  std::vector<std::uint64_t> served;
  for (const auto& [number, viewer] : viewers_) {
    if (viewer.deployment == id && ready(viewer)) served.push_back(number);
  }
  for (const std::uint64_t number : served) answer(number);
}

bool TimelineViewers::ready(const Viewer& viewer) const {
  if (!store_.timeline(viewer.deployment, viewer.after, 1).empty()) return true;
  const auto row = store_.deployment(viewer.deployment);
  return !row || model::is_final(row->state);
}

void TimelineViewers::answer(std::uint64_t number) {
  auto viewer = viewers_.extract(number);
  if (viewer.empty()) return;
  timers_.cancel(timer_name(number));
  viewer.mapped().reply();
}

}  // namespace switchyard::fleet
