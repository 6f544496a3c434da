#include "coordinator/fleet/health_score.hpp"

#include <algorithm>

namespace switchyard::fleet {
namespace {

/// Who has served so long has met the day's work.
constexpr std::int64_t proven_ms = 3'600'000;
constexpr int for_rollback = 50, for_no_watch = 20, for_failure = 10, for_failures_most = 30, for_short_life = 30,
              for_hosts_behind = 10;

/// `part` of `whole`, rounded up: what is not whole never counts as whole.
int share(int points, std::int64_t part, std::int64_t whole) {
  if (whole <= 0 || part <= 0) return 0;
  const std::int64_t bounded = std::min(part, whole);
  return static_cast<int>((points * bounded + whole - 1) / whole);
}

class Score {
 public:
  void take(int points, const std::string& why) {
    if (points <= 0) return;
    score_.points = std::max(0, score_.points - points);
    score_.why.push_back("-" + std::to_string(points) + " " + why);
  }
  HealthScore result() const { return score_; }

 private:
  HealthScore score_;
};

}  // namespace

HealthScore health_score(const LifeFacts& facts) {
  Score score;
  if (facts.rolled_back) score.take(for_rollback, "rolled back");
  if (!facts.watched) score.take(for_no_watch, "no watch window");
  const auto failures = static_cast<int>(std::min<std::size_t>(facts.failures, for_failures_most / for_failure));
  score.take(failures * for_failure, std::to_string(facts.failures) + " failures on its way");
  const std::int64_t missing_ms = proven_ms - std::clamp<std::int64_t>(facts.served_ms, 0, proven_ms);
  score.take(share(for_short_life, missing_ms, proven_ms),
             "served for " + std::to_string(std::max<std::int64_t>(0, facts.served_ms) / 60'000) + " min");
  score.take(share(for_hosts_behind, static_cast<std::int64_t>(facts.behind), static_cast<std::int64_t>(facts.hosts)),
             std::to_string(facts.behind) + " of " + std::to_string(facts.hosts) + " hosts have still to follow");
  return score.result();
}

}  // namespace switchyard::fleet
