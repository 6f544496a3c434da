#include "coordinator/fleet/key_renewal.hpp"

#include <algorithm>
#include <utility>

#include "common/limits.hpp"
#include "common/log.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/fleet/rehearsal.hpp"

namespace switchyard::fleet {
namespace {

template <class Ids>
std::string joined(const Ids& ids) {
  std::string list;
  for (const auto& id : ids) list += (list.empty() ? "" : ", ") + id.str();
  return list;
}

}  // namespace

void KeyRenewal::host_connected(const HostId& host) {
  known_by_.erase(host);
  tell(host);
}

void KeyRenewal::tell(const HostId& host) const {
  if (next_) parts_.registry.send(host, protocol::announce_keys(*next_, plan_key_));
}

void KeyRenewal::noted(const HostId& host, const protocol::KeysNoted& note) {
  const model::HostRow* row = parts_.hosts.find(host);
  if (row == nullptr || !next_ || note.digest != protocol::keys_digest(*next_)) return;
  known_by_.insert_or_assign(host, row->public_key);
}

bool KeyRenewal::is_known_by(const model::HostRow& host) const {
  const auto found = known_by_.find(host.id);
  return found != known_by_.end() && found->second == host.public_key;
}

std::vector<DeploymentId> KeyRenewal::deployments_at_work() const {
  std::vector<DeploymentId> ids;
  for (const model::DeploymentRow& row : parts_.store.unfinished_deployments()) {
    if (row.state != model::DeploymentState::draft) ids.push_back(row.id);  // of a draft no host has heard
  }
  return ids;
}

KeysView KeyRenewal::view() const {
  KeysView view;
  view.present = protocol::keys_name(present_);
  view.in_force = taken_;
  if (!next_) return view;
  view.next = protocol::keys_name(*next_);
  for (const model::HostRow& row : parts_.hosts.rows()) {
    if (!parts_.hosts.may_connect(row.id)) continue;
    auto& hosts = is_known_by(row) ? view.known_by : view.missing;
    hosts.push_back({row.id, parts_.registry.connected(row.id)});
  }
  view.at_work = deployments_at_work();
  return view;
}

std::optional<Refusal> KeyRenewal::refuse(const RenewKeysRequest& request) const {
  for (const HostId& host : request.without) {
    if (parts_.hosts.may_connect(host)) continue;
    return Refusal{404,
                   "no_such_host",
                   "there is no enrolled host " + host.str() + " that could be left out",
                   {{"host", host.str()}}};
  }
  return std::nullopt;
}

Refusal KeyRenewal::rehearsal() const {
  if (!next_) return rehearsed("new keys would be drawn, and announced to every host");
  const KeysView now = view();
  return rehearsed("the keys " + now.next +
                   " would be put into force as soon as every host knows them: " + std::to_string(now.missing.size()) +
                   " of " + std::to_string(now.missing.size() + now.known_by.size()) + " hosts do not yet");
}

Answer<KeysView> KeyRenewal::renew(const Caller& caller, const RenewKeysRequest& request) {
  if (taken_) return view();
  if (auto refusal = refuse(request)) return *refusal;
  if (caller.rehearses) return rehearsal();
  if (!next_) announce(caller, request.reason);
  KeysView now = view();
  // Told again: what was said before may have been lost.
  for (const KeysView::Host& host : now.missing) tell(host.id);
  std::erase_if(now.missing, [&](const KeysView::Host& host) {
    return std::find(request.without.begin(), request.without.end(), host.id) != request.without.end();
  });
  if (now.missing.empty() && now.at_work.empty()) {
    put_into_force(caller, request);
    now.in_force = true;
  }
  return now;
}

/// The audit first: keys of which it tells nothing would be announced by the next start. It may tell of some that were
/// never announced, since they could not be written down.
void KeyRenewal::announce(const Caller& caller, const std::string& reason) {
  next_ = hands_.draw_next([&](const protocol::CoordinatorKeys& next) {
    parts_.store.commit({audit_row(parts_.clock, caller, "keys.announce", protocol::keys_name(next), reason)});
  });
}

/// Here too. Enrolment strings that nobody has used name the key that is over; from here on none is made. When the
/// files cannot be put in place all stays so until they can: some of them may be there, and the next start takes the
/// rest.
void KeyRenewal::put_into_force(const Caller& caller, const RenewKeysRequest& request) {
  parts_.hosts.burn_unused_tokens(caller, "they name the server key that is over");
  if (audited_without_ != request.without) {
    parts_.store.commit({audit_row(parts_.clock, caller, "keys.renew", protocol::keys_name(*next_), request.reason,
                                   {{"before", protocol::keys_name(present_)}, {"without", joined(request.without)}})});
    audited_without_ = request.without;
  }
  parts_.changeover.begin();
  hands_.take_next();
  taken_ = true;
  log::info("the coordinator's keys are new; beginning anew with them", {{"keys", protocol::keys_name(*next_)}});
  parts_.timers.set("coordinator/new-keys", limits::answer_leaves_ms, [this] { hands_.begin_anew(); });
}

}  // namespace switchyard::fleet
