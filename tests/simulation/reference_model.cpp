#include "tests/simulation/reference_model.hpp"

#include <algorithm>

namespace switchyard::simulation {

bool ReferenceModel::changing(const Place& place) const {
  return std::any_of(deployments_.begin(), deployments_.end(), [&](const auto& entry) {
    return entry.second.end == End::open && entry.second.wanted.contains(place);
  });
}

bool ReferenceModel::anything_open() const {
  return std::any_of(deployments_.begin(), deployments_.end(),
                     [](const auto& entry) { return entry.second.end == End::open; });
}

void ReferenceModel::open(const std::string& id, Fleet wanted, bool calm) {
  Deployment deployment;
  for (const auto& [place, release] : wanted) {
    if (changing(place))
      complain(id + " was let in while " + place.second + " on " + place.first + " is being changed");
    deployment.before[place] = fleet_[place];
  }
  deployment.wanted = std::move(wanted);
  deployment.calm = calm;
  deployments_[id] = std::move(deployment);
}

void ReferenceModel::started(const std::string& id, const Fleet& wanted, const std::set<std::string>& left_out,
                             bool calm) {
  if (knows(id)) return;  // the same answer again
  // What serves already is left alone, and so is who cannot be reached.
  Fleet changes;
  for (const auto& [place, release] : wanted) {
    if (fleet_[place] != release && !left_out.contains(place.first)) changes[place] = release;
  }
  open(id, std::move(changes), calm && left_out.empty());
  deployments_[id].whole = left_out.empty();
  deployments_[id].asked_for = wanted;
}

void ReferenceModel::rollback_started(const std::string& id, const std::string& undone, bool calm) {
  if (knows(id)) return;
  if (!deployments_[undone].lost && !can_be_rolled_back(undone)) complain(undone + " is rolled back, which cannot be");
  open(id, deployments_[undone].before, calm);
}

void ReferenceModel::converge_started(const std::string& id, const std::string& target, const std::string& host) {
  if (knows(id)) return;
  Fleet wanted;
  for (const auto& [place, release] : deployments_[target].asked_for) {
    if (place.first == host) wanted[place] = release;
  }
  open(id, std::move(wanted), false);
}

bool ReferenceModel::can_be_rolled_back(const std::string& id) const {
  const auto found = deployments_.find(id);
  if (found == deployments_.end() || found->second.end != End::all_new || !found->second.whole || found->second.lost) {
    return false;
  }
  return std::all_of(found->second.wanted.begin(), found->second.wanted.end(), [&](const auto& entry) {
    const auto now = fleet_.find(entry.first);
    return now != fleet_.end() && now->second == entry.second && !changing(entry.first);
  });
}

void ReferenceModel::cancelled(const std::string& id) { deployments_[id].cancelled = true; }

void ReferenceModel::disturbed() {
  for (auto& [id, deployment] : deployments_) {
    if (deployment.end == End::open) deployment.calm = false;
  }
}

void ReferenceModel::store_was_restored() {
  for (auto& [id, deployment] : deployments_) {
    deployment.calm = false;
    deployment.lost = true;
  }
}

/// Whom no host knows either, has changed nothing.
void ReferenceModel::forgotten_but(const std::set<std::string>& known) {
  for (auto& [id, deployment] : deployments_) {
    if (deployment.end == End::open && !known.contains(id)) deployment.end = End::all_old;
  }
}

bool ReferenceModel::hopeless(const Deployment& deployment) const {
  return std::any_of(deployment.wanted.begin(), deployment.wanted.end(),
                     [&](const auto& entry) { return bad_.contains(entry.second); });
}

void ReferenceModel::ended(const std::string& id, End end) {
  Deployment& deployment = deployments_[id];
  if (deployment.end == end) return;
  if (deployment.end != End::open) return complain(id + " ended twice, each time otherwise");
  deployment.end = end;
  if (end == End::all_old) {
    const bool reason = !deployment.calm || deployment.cancelled || hopeless(deployment);
    if (!reason) complain(id + " was rolled back though nothing had gone wrong");
    return;
  }
  if (deployment.cancelled && deployment.calm) complain(id + " was done though it had been cancelled");
  for (const auto& [place, release] : deployment.wanted) {
    if (bad_.contains(release)) complain(id + " was done though release " + release + " never works");
    fleet_[place] = release;
  }
}

}  // namespace switchyard::simulation
