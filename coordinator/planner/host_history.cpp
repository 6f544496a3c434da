#include "coordinator/planner/host_history.hpp"

#include <algorithm>

namespace switchyard::planner {

HostHistory::HostHistory(const PlanningFacts& facts, const HostId& host, const std::string& component) {
  const auto found = facts.history.find(host);
  if (found == facts.history.end()) return;
  for (const protocol::SliceComponent& entry : found->second) {
    if (entry.name == component) entries_.push_back(&entry);
  }
}

const protocol::SliceComponent* HostHistory::find(const std::string& slot, const ReleaseId& release) const {
  for (const protocol::SliceComponent* entry : entries_) {
    if (entry->slot == slot && entry->release == release) return entry;
  }
  return nullptr;
}

const protocol::SliceComponent* HostHistory::before(const protocol::SliceComponent& done) const {
  if (done.old.kind != protocol::OldKind::release) return nullptr;
  const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const auto* entry) { return *entry == done; });
  // What is newer says nothing: the same bytes may have come into the slot again, configured otherwise.
  for (auto older = at == entries_.end() ? entries_.begin() : at + 1; older != entries_.end(); ++older) {
    if ((*older)->slot == done.old.slot) return (*older)->release == done.old.release ? *older : nullptr;
  }
  return nullptr;
}

const protocol::EnsureFile* HostHistory::unit_file(const std::string& slot) const {
  for (const protocol::SliceComponent* entry : entries_) {
    if (entry->slot != slot) continue;
    if (const protocol::EnsureFile* file = find_unit_file(*entry)) return file;
  }
  return nullptr;
}

const protocol::EnsureFile* find_unit_file(const protocol::SliceComponent& done) {
  for (const protocol::Step& step : done.steps) {
    if (const auto* file = std::get_if<protocol::EnsureFile>(&step.action)) return file;
  }
  return nullptr;
}

const std::vector<protocol::ComponentFact>* find_facts(const PlanningFacts& facts, const HostId& host) {
  const auto found = facts.inventory.find(host);
  return found == facts.inventory.end() ? nullptr : &found->second;
}

protocol::ComponentFact fact_of(const std::vector<protocol::ComponentFact>& facts, const std::string& component) {
  for (const protocol::ComponentFact& fact : facts) {
    if (fact.component == component) return fact;
  }
  protocol::ComponentFact absent;
  absent.component = component;
  return absent;
}

}  // namespace switchyard::planner
