#include "coordinator/fleet/inventory_rounds.hpp"

#include <algorithm>
#include <utility>

#include "common/limits.hpp"
#include "common/log.hpp"

namespace switchyard::fleet {
namespace {

std::string timer_name(const std::string& id) { return "inventory/" + id; }

}  // namespace

void InventoryRounds::ask(Questions questions, Done done) {
  const std::string id = random_hex(8);
  rounds_.emplace(id, Round{std::move(questions), {}, std::move(done), clock_.boot_ms()});
  // The first turn comes from the loop too, so that `done` is never called from within ask().
  timers_.set(timer_name(id), 0, [this, id] { tick(id); });
}

void InventoryRounds::tick(const std::string& id) {
  const auto found = rounds_.find(id);
  if (found == rounds_.end()) return;
  if (over(found->second)) return finish(id);
  for (const auto& [host, questions] : found->second.open) {
    registry_.send(host, protocol::Inventory{id, questions});
  }
  timers_.set(timer_name(id), limits::resend_ms_min, [this, id] { tick(id); });
}

bool InventoryRounds::over(const Round& round) const {
  if (round.open.empty()) return true;
  const std::int64_t elapsed = clock_.boot_ms() - round.began_boot_ms;
  if (elapsed >= limits::inventory_ms_max) return true;
  const bool nobody_there = std::none_of(round.open.begin(), round.open.end(),
                                         [this](const auto& entry) { return registry_.connected(entry.first); });
  return nobody_there && elapsed >= limits::inventory_connect_ms_max;
}

const std::vector<std::string>* InventoryRounds::features(const HostId& host) const {
  const AgentSession* session = registry_.find(host);
  return session == nullptr ? nullptr : &session->features;
}

void InventoryRounds::answered(const HostId& host, const protocol::InventoryReply& reply) {
  const auto found = rounds_.find(reply.request);
  if (found == rounds_.end() || found->second.open.erase(host) == 0) return;
  found->second.answers.emplace(host, reply.components);
  if (found->second.open.empty()) finish(reply.request);
}

void InventoryRounds::finish(const std::string& id) {
  auto round = rounds_.extract(id);
  timers_.cancel(timer_name(id));
  for (const auto& [host, questions] : round.mapped().open) {
    log::warning("no inventory from host", {{"host", host.str()}, {"connected", registry_.connected(host)}});
  }
  round.mapped().done(std::move(round.mapped().answers));
}

}  // namespace switchyard::fleet
