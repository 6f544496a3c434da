#include "coordinator/fleet/check_rounds.hpp"

#include <algorithm>
#include <utility>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "protocol/version.hpp"

namespace switchyard::fleet {
namespace {

std::string timer_name(const std::string& id) { return "checks/" + id; }

/// With all the tries that an agent makes.
std::int64_t time_for(const protocol::ProbeSpec& check) {
  const std::int64_t again = check.retry_attempts.value_or(0);
  const std::int64_t tries_ms = check.timeout_ms + again * (std::int64_t{check.timeout_ms} + check.interval_ms);
  return std::min(tries_ms, std::max<std::int64_t>(check.timeout_ms, limits::check_tries_ms_max));
}

/// How long a host takes for these at most, a few at a time.
std::int64_t time_for(const std::vector<protocol::ProbeSpec>& checks) {
  std::int64_t sum = 0, longest = 0;
  for (const protocol::ProbeSpec& check : checks) {
    sum += time_for(check);
    longest = std::max(longest, time_for(check));
  }
  return std::max(longest, sum / static_cast<std::int64_t>(limits::checks_at_once)) + limits::inventory_ms_max;
}

/// Of a host that is away nothing is known.
bool is_too_old(const AgentSession* session, const std::vector<protocol::ProbeSpec>& checks) {
  if (session == nullptr) return false;
  const std::vector<std::string>& known = session->features;
  const std::vector<std::string> needed = protocol::features_needed(checks);
  return std::any_of(needed.begin(), needed.end(), [&](const std::string& feature) {
    return std::find(known.begin(), known.end(), feature) == known.end();
  });
}

}  // namespace

bool CheckRounds::run(const Orders& orders, Done done) {
  if (rounds_.size() >= limits::check_rounds_max) return false;
  const std::string id = random_hex(8);
  Round round{{}, {}, std::move(done), clock_.boot_ms(), 0};
  for (const auto& [host, checks] : orders) {
    if (is_too_old(registry_.find(host), checks)) {
      round.answers[host].why_not =
          "its agent is of an older version that knows no such orders, or not what is in them; upgrade its package "
          "switchyard-agent";
      continue;
    }
    round.time_ms = std::max(round.time_ms, std::min(time_for(checks), limits::check_round_ms_max));
    for (std::size_t at = 0; at < checks.size(); at += limits::checks_per_order_max) {
      const std::size_t count = std::min(limits::checks_per_order_max, checks.size() - at);
      const auto first = checks.begin() + static_cast<std::ptrdiff_t>(at);
      protocol::CheckOrder order{random_hex(16), host, clock_.wall_ms() + limits::check_order_ms, {}};
      order.checks.assign(first, first + static_cast<std::ptrdiff_t>(count));
      try {
        round.open[order.request] = {host, protocol::sign_order(order, plan_key_), count};
      } catch (const Error& error) {
        round.answers[host].why_not = error.what();
      }
    }
  }
  rounds_.emplace(id, std::move(round));
  // The first turn comes from the loop too, so that `done` is never called from within run().
  timers_.set(timer_name(id), 0, [this, id] { tick(id); });
  return true;
}

void CheckRounds::tick(const std::string& id) {
  const auto found = rounds_.find(id);
  if (found == rounds_.end()) return;
  if (over(found->second)) return finish(id);
  for (const auto& [request, order] : found->second.open) registry_.send(order.host, order.message);
  timers_.set(timer_name(id), limits::resend_ms_min, [this, id] { tick(id); });
}

bool CheckRounds::over(const Round& round) const {
  if (round.open.empty()) return true;
  const std::int64_t elapsed = clock_.boot_ms() - round.began_boot_ms;
  if (elapsed >= round.time_ms) return true;
  const bool nobody_there = std::none_of(round.open.begin(), round.open.end(),
                                         [this](const auto& entry) { return registry_.connected(entry.second.host); });
  return nobody_there && elapsed >= limits::inventory_connect_ms_max;
}

void CheckRounds::answered(const HostId& host, const protocol::ChecksRun& run) {
  for (auto& [id, round] : rounds_) {
    const auto order = round.open.find(run.request);
    if (order == round.open.end() || order->second.host != host) continue;
    HostAnswer& answer = round.answers[host];
    // More than was asked for is not an answer to this.
    const std::size_t count = std::min(run.results.size(), order->second.checks);
    answer.results.insert(answer.results.end(), run.results.begin(),
                          run.results.begin() + static_cast<std::ptrdiff_t>(count));
    if (!run.refused.empty()) answer.why_not = "its agent refused: " + run.refused;
    round.open.erase(order);
    // From the loop: `done` may begin another round.
    if (round.open.empty()) timers_.set(timer_name(id), 0, [this, finished = id] { finish(finished); });
    return;
  }
}

void CheckRounds::finish(const std::string& id) {
  auto round = rounds_.extract(id);
  if (round.empty()) return;
  timers_.cancel(timer_name(id));
  for (const auto& [request, order] : round.mapped().open) {
    const bool connected = registry_.connected(order.host);
    round.mapped().answers[order.host].why_not =
        connected ? "its agent did not answer in time" : "its agent is not connected";
  }
  round.mapped().done(std::move(round.mapped().answers));
}

}  // namespace switchyard::fleet
