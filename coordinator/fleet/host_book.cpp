#include "coordinator/fleet/host_book.hpp"

#include <algorithm>
#include <utility>

#include "common/limits.hpp"
#include "common/log.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/fleet/rehearsal.hpp"
#include "protocol/enrolment.hpp"

namespace switchyard::fleet {
namespace {

Refusal not_found(const HostId& host) {
  return {404, "unknown_host", "there is no host " + host.str() + "; `switchyard hosts list` shows all", {}};
}

/// The enrolled host that the token gives a new key; nothing for a token that lets a host join.
std::optional<HostId> host_of_new_key(const std::string& pattern) {
  if (!pattern.starts_with('=')) return std::nullopt;
  return HostId(pattern.substr(1));
}

bool is_pattern(const std::string& pattern) {
  if (pattern.empty() || is_name(pattern)) return true;
  if (const auto host = host_of_new_key(pattern)) return is_name(host->str());
  return pattern.ends_with('*') && is_name(pattern.substr(0, pattern.size() - 1) + "x");
}

}  // namespace

bool matches_pattern(const std::string& pattern, const std::string& name) {
  if (pattern.empty()) return true;
  if (const auto host = host_of_new_key(pattern)) return host->str() == name;
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == name;
}

store::Transaction burn_unused_tokens(const store::StateStore& store) {
  store::Transaction writes;
  for (model::TokenRow token : store.tokens()) {
    if (token.used_wall_ms != 0 || token.expires_wall_ms == 0) continue;
    token.expires_wall_ms = 0;
    writes.push_back(store::PutToken{std::move(token)});
  }
  return writes;
}

HostBook::HostBook(store::StateStore& store, const Clock& clock, EnrolmentTerms terms, Publish publish,
                   const Changeover& changeover)
    : store_(store), clock_(clock), terms_(std::move(terms)), publish_(std::move(publish)), changeover_(changeover) {}

void HostBook::load() {
  for (model::HostRow& row : store_.hosts()) hosts_.insert_or_assign(row.id, row);
  for (model::TokenRow& row : store_.tokens()) tokens_.insert_or_assign(row.id, row);
  publish();
}

void HostBook::publish() const {
  std::map<std::string, HostId> allowed;
  for (const auto& [id, host] : hosts_) {
    if (may_connect(id)) allowed.emplace(host.public_key, id);
  }
  // A used token stays until it expires: the answer to ENROL may have been lost, and is asked for again.
  const std::int64_t now = clock_.wall_ms();
  for (const auto& [id, token] : tokens_) {
    if (token.expires_wall_ms > now) allowed.emplace(token.public_key, protocol::enrolment_peer(id));
  }
  publish_(allowed);
}

void HostBook::drop_expired() {
  const std::int64_t now = clock_.wall_ms();
  const auto dropped = std::erase_if(tokens_, [now](const auto& entry) { return entry.second.expires_wall_ms <= now; });
  if (dropped == 0) return;
  std::erase_if(failures_, [this](const auto& entry) { return !tokens_.contains(entry.first); });
  publish();
}

const model::HostRow* HostBook::find(const HostId& host) const {
  const auto found = hosts_.find(host);
  return found == hosts_.end() ? nullptr : &found->second;
}

std::vector<model::HostRow> HostBook::rows() const {
  std::vector<model::HostRow> rows;
  for (const auto& [id, row] : hosts_) rows.push_back(row);
  return rows;
}

bool HostBook::may_connect(const HostId& host) const {
  const model::HostRow* row = find(host);
  return row != nullptr && !row->public_key.empty() && !row->revoked && !row->removed;
}

/// The row and what goes with it are durable before anything else sees them.
void HostBook::put_host(const model::HostRow& row, store::Transaction writes) {
  writes.insert(writes.begin(), store::PutHost{row});
  store_.commit(writes);
  hosts_.insert_or_assign(row.id, row);
}

void HostBook::seen(const HostId& host, const std::string& agent_version) {
  const auto found = hosts_.find(host);
  if (found == hosts_.end()) return;
  found->second.agent_version = agent_version;
  found->second.last_seen_wall_ms = clock_.wall_ms();
  seen_.insert(host);
}

void HostBook::last_heard(const HostId& host, std::int64_t silent_ms) {
  const auto found = hosts_.find(host);
  if (found == hosts_.end()) return;
  found->second.last_seen_wall_ms = clock_.wall_ms() - silent_ms;
  seen_.insert(host);
}

void HostBook::write_seen() {
  if (seen_.empty()) return;
  store::Transaction writes;
  for (const HostId& host : seen_) writes.push_back(store::PutHost{hosts_.at(host)});
  store_.commit(writes);
  seen_.clear();
}

Answer<bool> HostBook::add(const Caller& caller, const HostId& host, const std::map<std::string, std::string>& labels) {
  if (!is_name(host.str())) {
    return Refusal{400, "bad_name", "'" + host.str() + "' is no host name: a-z, 0-9, '.', '_', '-', at most 64", {}};
  }
  const model::HostRow* present = find(host);
  if (present != nullptr && present->removed) {
    return Refusal{
        409, "tombstone", "a host " + host.str() + " was removed; its name comes back only by `hosts replace`", {}};
  }
  if (present == nullptr && hosts_.size() >= limits::hosts_max) {
    return Refusal{409, "too_many_hosts", "the fleet has " + std::to_string(limits::hosts_max) + " hosts already", {}};
  }
  if (caller.rehearses) {
    return rehearsed("host " + host.str() + (present != nullptr ? " would get these labels" : " would be added"));
  }
  model::HostRow row = present != nullptr ? *present : model::HostRow{};
  row.id = host;
  row.labels = labels;
  put_host(row, {audit_row(clock_, caller, "host.add", host.str(), {}, labels)});
  return true;
}

std::optional<Refusal> HostBook::refuse_busy(const HostId& host) const {
  for (const model::DeploymentRow& row : store_.unfinished_deployments()) {
    if (row.state == model::DeploymentState::draft) continue;  // no host has heard of it
    const auto plan = store_.plan(row.id);
    if (!plan || !plan->slices.contains(host)) continue;
    if (std::find(row.gone.begin(), row.gone.end(), host) != row.gone.end()) continue;
    return Refusal{409,
                   "host_busy",
                   "deployment " + row.id.str() + " is at work on host " + host.str() +
                       "; wait for its end, or declare the host gone with `deploy resolve`",
                   {{"deployment", row.id.str()}}};
  }
  return std::nullopt;
}

Answer<bool> HostBook::remove(const Caller& caller, const HostId& host, const Farewell& farewell) {
  const model::HostRow* present = find(host);
  if (present == nullptr || present->removed) return not_found(host);
  if (auto busy = refuse_busy(host)) return *busy;
  if (caller.rehearses) return rehearsed("host " + host.str() + " would leave the fleet; what runs there would go on");
  model::HostRow row = *present;
  row.removed = true;
  put_host(row, {audit_row(clock_, caller, "host.remove", host.str())});
  if (farewell) farewell();
  publish();
  return true;
}

Answer<bool> HostBook::revoke(const Caller& caller, const HostId& host, const Farewell& farewell) {
  const model::HostRow* present = find(host);
  if (present == nullptr) return not_found(host);
  if (caller.rehearses) return rehearsed("the key of host " + host.str() + "'s agent would be revoked");
  model::HostRow row = *present;
  row.revoked = true;
  put_host(row, {audit_row(clock_, caller, "agent.revoke", host.str())});
  if (farewell) farewell();
  publish();
  return true;
}

Answer<TokenMade> HostBook::replace(const Caller& caller, const HostId& host, const store::Transaction& also,
                                    const Farewell& farewell) {
  const model::HostRow* present = find(host);
  if (present == nullptr) return not_found(host);
  if (auto refusal = changeover_.refuse()) return std::move(*refusal);
  if (auto busy = refuse_busy(host)) return *busy;
  if (caller.rehearses) {
    return rehearsed("the key of host " + host.str() +
                     " would be revoked, and one string made that lets a new machine in");
  }
  model::HostRow row = *present;
  row.public_key.clear();
  row.revoked = false;
  row.removed = false;
  row.enrolled_wall_ms = 0;
  model::TokenRow token;
  TokenMade made = make_token(host.str(), token);
  row.only_token = token.id;
  store::Transaction writes = also;
  writes.push_back(store::PutToken{token});
  writes.push_back(audit_row(clock_, caller, "host.replace", host.str(), {}, {{"token", token.id}}));
  put_host(row, std::move(writes));
  tokens_.insert_or_assign(token.id, token);
  if (farewell) farewell();
  publish();
  return made;
}

TokenMade HostBook::make_token(const std::string& host_pattern, model::TokenRow& row) const {
  const std::string token = protocol::make_token();
  row.id = random_hex(8);
  row.public_key = terms_.public_key_of(protocol::enrolment_secret(token));
  row.host_pattern = host_pattern;
  row.expires_wall_ms = clock_.wall_ms() + limits::token_life_ms;
  return {row.id, protocol::encode_enrolment({terms_.endpoints, terms_.server_public_key, token}), row.expires_wall_ms};
}

Answer<TokenMade> HostBook::create_token(const Caller& caller, const std::string& host_pattern) {
  if (!is_pattern(host_pattern)) {
    return Refusal{400, "bad_name", "'" + host_pattern + "' is neither a host name nor of the form prefix-*", {}};
  }
  if (const auto host = host_of_new_key(host_pattern)) {
    if (find(*host) == nullptr) return not_found(*host);
    if (!may_connect(*host)) {
      return Refusal{409,
                     "no_key",
                     "host " + host->str() + " has no key that is valid: use `hosts replace`, which lets it in again",
                     {{"host", host->str()}}};
    }
  }
  const model::HostRow* bound = find(HostId(host_pattern));
  if (bound != nullptr && (!bound->public_key.empty() || bound->removed || !bound->only_token.empty())) {
    return Refusal{409,
                   "host_exists",
                   "host " + host_pattern +
                       " is enrolled already, or was removed or replaced; use `hosts replace` for a new machine",
                   {}};
  }
  if (auto refusal = changeover_.refuse()) return std::move(*refusal);
  if (caller.rehearses) return rehearsed("one string that enrols one agent would be made");
  model::TokenRow row;
  TokenMade made = make_token(host_pattern, row);
  store_.commit(
      {store::PutToken{row}, audit_row(clock_, caller, "token.create", row.id, {}, {{"host", host_pattern}})});
  tokens_.insert_or_assign(row.id, row);
  publish();
  return made;
}

std::size_t HostBook::burn_unused_tokens(const Caller& caller, const std::string& why) {
  const std::int64_t now = clock_.wall_ms();
  const auto good = [now](const auto& entry) {
    return entry.second.used_wall_ms == 0 && entry.second.expires_wall_ms > now;
  };
  const auto count = static_cast<std::size_t>(std::count_if(tokens_.begin(), tokens_.end(), good));
  if (count == 0) return 0;
  store::Transaction writes = fleet::burn_unused_tokens(store_);
  writes.push_back(audit_row(clock_, caller, "token.burn", "unused tokens", why, {{"tokens", std::to_string(count)}}));
  store_.commit(writes);
  std::erase_if(tokens_, good);
  publish();
  return count;
}

Turned HostBook::stranger(const protocol::RefusedDial& dial) const {
  Turned turned{"connection.refuse", "", dial.address, "nobody here knows this key", dial.count};
  if (dial.public_key.empty()) {
    turned.origin = "others";
    turned.why = "too many sources to tell them apart";
    return turned;
  }
  for (const auto& [id, host] : hosts_) {
    if (host.public_key != dial.public_key) continue;
    turned.operation = "agent.refuse";
    turned.object = id.str();
    turned.why = host.removed   ? "the host was removed"
                 : host.revoked ? "the agent's key was revoked"
                                : "not yet let in";
    return turned;
  }
  for (const model::TokenRow& token : store_.tokens()) {
    if (token.public_key != dial.public_key) continue;
    turned.operation = "enrol.refuse";
    turned.object = token.id;
    turned.why = token.used_wall_ms != 0 ? "the token was used, and has expired" : "the token has expired";
  }
  return turned;
}

std::string HostBook::refuse_enrolment(const model::TokenRow* token, const protocol::Enrol& wish) const {
  if (token == nullptr || token->expires_wall_ms <= clock_.wall_ms()) return "the token is unknown or has expired";
  if (token->used_wall_ms != 0) return "the token was used already";
  if (!is_name(wish.name)) return "'" + wish.name + "' is no host name: a-z, 0-9, '.', '_', '-', at most 64";
  if (!protocol::is_curve_key(wish.public_key)) return "the agent's public key is not a CURVE key";
  if (!matches_pattern(token->host_pattern, wish.name)) {
    return "the token is for host " + token->host_pattern + ", not for " + wish.name;
  }
  const model::HostRow* present = find(HostId(wish.name));
  if (const auto host = host_of_new_key(token->host_pattern)) {
    if (!may_connect(*host)) return "host " + wish.name + " has no key that is valid; use `hosts replace`";
    // Its agent dials anew with the new key, which must not cost a deployment.
    if (const auto busy = refuse_busy(*host)) return busy->message;
  } else if (present != nullptr && (!present->public_key.empty() || present->removed)) {
    return "a host " + wish.name + " exists already; an operator brings a new machine in with `hosts replace`";
  }
  // Its name is known to whoever reads a manifest: a token that was made for something else must not take it.
  if (present != nullptr && !present->only_token.empty() && present->only_token != token->id) {
    return "host " + wish.name +
           " was replaced: only the newest string that `hosts replace` gave lets its new machine in";
  }
  if (present == nullptr && hosts_.size() >= limits::hosts_max) return "the fleet is full";
  const bool key_known = std::any_of(hosts_.begin(), hosts_.end(),
                                     [&](const auto& entry) { return entry.second.public_key == wish.public_key; });
  if (key_known) return "this key already belongs to a host";
  return {};
}

std::variant<protocol::Enrolled, protocol::Refuse> HostBook::enrol(const std::string& token_id,
                                                                   const protocol::Enrol& wish) {
  const auto found = tokens_.find(token_id);
  const model::TokenRow* token = found == tokens_.end() ? nullptr : &found->second;
  const HostId host(wish.name);
  const model::HostRow* present = find(host);
  const bool again = token != nullptr && token->used_wall_ms != 0 && token->used_by == host && present != nullptr &&
                     present->public_key == wish.public_key && may_connect(host);
  if (again) return protocol::Enrolled{host, terms_.plan_public_key};

  const std::string why = refuse_enrolment(token, wish);
  const Caller agent{"enrol:" + token_id, "agent"};
  if (!why.empty()) {
    log::warning("enrolment refused", {{"token", token_id}, {"wanted", wish.name}, {"why", why}});
    if (token != nullptr && ++failures_[token_id] >= limits::token_failures_max) {
      model::TokenRow burnt = *token;
      burnt.expires_wall_ms = 0;
      auto entry = audit_row(clock_, agent, "token.burn", token_id, why);
      entry.entry.success = false;
      store_.commit({store::PutToken{burnt}, entry});
      tokens_.erase(token_id);
      failures_.erase(token_id);
      publish();
    }
    return protocol::Refuse{"enrolment", why};
  }

  model::HostRow row = present != nullptr ? *present : model::HostRow{};
  const char* operation = host_of_new_key(token->host_pattern) ? "host.new_key" : "host.enrol";
  row.id = host;
  row.public_key = wish.public_key;
  row.enrolled_wall_ms = clock_.wall_ms();
  row.agent_version = wish.agent_version;
  row.only_token.clear();
  put_host(row, {store::UseToken{token_id, host, clock_.wall_ms()},
                 audit_row(clock_, agent, operation, host.str(), {}, {{"public_key", wish.public_key}})});
  found->second.used_wall_ms = clock_.wall_ms();
  found->second.used_by = host;
  publish();
  log::info("host enrolled", {{"host", host.str()}, {"token", token_id}, {"audit", operation}});
  return protocol::Enrolled{host, terms_.plan_public_key};
}

}  // namespace switchyard::fleet
