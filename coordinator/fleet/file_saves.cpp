#include "coordinator/fleet/file_saves.hpp"

#include <algorithm>
#include <utility>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/limits_snapshots.hpp"
#include "protocol/version.hpp"

namespace switchyard::fleet {
namespace {

std::string save_timer(std::uint64_t round) { return "file-saves/" + std::to_string(round); }

/// Of a host that is away nothing is known.
bool lacks(const AgentSession* session, const char* feature) {
  if (session == nullptr) return false;
  const std::vector<std::string>& known = session->features;
  return std::find(known.begin(), known.end(), feature) == known.end();
}

bool names_schemas(const std::vector<protocol::FileSave>& saves) {
  return std::any_of(saves.begin(), saves.end(), [](const protocol::FileSave& save) { return !save.schemas.empty(); });
}

/// An older agent would pass over in silence what it does not know.
std::string what_it_cannot(const AgentSession* session, const std::vector<protocol::FileSave>& saves) {
  const std::string upgrade = "; upgrade its package switchyard-agent";
  if (lacks(session, protocol::file_saves_feature)) {
    return "its agent is of an older version that keeps no files under a snapshot's name" + upgrade;
  }
  if (names_schemas(saves) && lacks(session, protocol::schema_saves_feature)) {
    return "its agent is of an older version that reads no schemas of databases" + upgrade;
  }
  return {};
}

}  // namespace

bool FileSaves::run(const Orders& orders, Done done) {
  if (rounds_.size() >= limits::save_rounds_max) return false;
  const RoundNumber number = next_round_++;
  rounds_[number] = {orders, std::move(done), false, 0, {}, {}};
  // The first turn comes from the loop too, so that `done` is never called from within run().
  timers_.set(save_timer(number), 0, [this, number] { tick(number); });
  return true;
}

bool FileSaves::may_begin(RoundNumber number, const SaveRound& round) const {
  for (const auto& [other, before] : rounds_) {
    if (other == number) break;
    for (const auto& [host, saves] : before.orders) {
      if (round.orders.contains(host)) return false;
    }
  }
  return true;
}

/// The orders are good for a minute from here on.
void FileSaves::begin(SaveRound& round) {
  round.begun = true;
  round.began_boot_ms = clock_.boot_ms();
  for (const auto& [host, saves] : round.orders) {
    const std::string why_not = what_it_cannot(registry_.find(host), saves);
    if (!why_not.empty()) {
      round.answers[host].why_not = why_not;
      continue;
    }
    add_orders(host, saves, round);
  }
}

void FileSaves::add_orders(const HostId& host, const std::vector<protocol::FileSave>& saves, SaveRound& round) {
  for (std::size_t at = 0; at < saves.size(); at += limits::saves_per_order_max) {
    const std::size_t count = std::min(limits::saves_per_order_max, saves.size() - at);
    const auto first = saves.begin() + static_cast<std::ptrdiff_t>(at);
    protocol::SaveOrder order{random_hex(16), host, clock_.wall_ms() + limits::save_order_ms, {}};
    order.saves.assign(first, first + static_cast<std::ptrdiff_t>(count));
    try {
      round.open[order.request] = {host, protocol::sign_order(order, plan_key_)};
    } catch (const Error& error) {
      round.answers[host].why_not = error.what();
    }
  }
}

void FileSaves::tick(RoundNumber number) {
  const auto found = rounds_.find(number);
  if (found == rounds_.end()) return;
  SaveRound& round = found->second;
  if (!round.begun) {
    if (!may_begin(number, round)) return;  // the end of the one before calls again
    begin(round);
  }
  if (over(round)) return finish(number);
  for (const auto& [request, order] : round.open) registry_.send(order.host, order.message);
  timers_.set(save_timer(number), limits::resend_ms_min, [this, number] { tick(number); });
}

bool FileSaves::over(const SaveRound& round) const {
  if (round.open.empty()) return true;
  const std::int64_t elapsed = clock_.boot_ms() - round.began_boot_ms;
  if (elapsed >= limits::save_round_ms_max) return true;
  const bool nobody_there = std::none_of(round.open.begin(), round.open.end(),
                                         [this](const auto& entry) { return registry_.connected(entry.second.host); });
  return nobody_there && elapsed >= limits::inventory_connect_ms_max;
}

void FileSaves::answered(const HostId& host, const protocol::FilesSaved& saved) {
  for (auto& [number, round] : rounds_) {
    const auto order = round.open.find(saved.request);
    if (order == round.open.end() || order->second.host != host) continue;
    HostAnswer& answer = round.answers[host];
    answer.results.insert(answer.results.end(), saved.results.begin(), saved.results.end());
    if (!saved.refused.empty()) answer.why_not = "its agent refused: " + saved.refused;
    round.open.erase(order);
    // From the loop: `done` may begin another round.
    if (round.open.empty()) timers_.set(save_timer(number), 0, [this, ended = number] { finish(ended); });
    return;
  }
}

void FileSaves::finish(RoundNumber number) {
  auto round = rounds_.extract(number);
  if (round.empty()) return;
  timers_.cancel(save_timer(number));
  for (const auto& [request, order] : round.mapped().open) {
    round.mapped().answers[order.host].why_not =
        registry_.connected(order.host) ? "its agent did not answer in time" : "its agent is not connected";
  }
  for (const auto& [waiting, other] : rounds_) {
    if (other.begun) continue;
    timers_.set(save_timer(waiting), 0, [this, next = waiting] { tick(next); });
  }
  round.mapped().done(std::move(round.mapped().answers));
}

}  // namespace switchyard::fleet
