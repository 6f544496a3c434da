#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "common/clock.hpp"
#include "coordinator/fleet/changeover.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/fleet/refusal_book.hpp"
#include "coordinator/store/state_store.hpp"
#include "protocol/endpoint.hpp"
#include "protocol/message.hpp"
#include "protocol/transport.hpp"

namespace switchyard::fleet {

/// What every enrolment string and every enrolled host is told.
struct EnrolmentTerms {
  std::vector<protocol::Endpoint> endpoints;  ///< where agents reach this coordinator
  std::string server_public_key;              ///< Z85
  std::string plan_public_key;                ///< 32 raw bytes
  /// The public half, in Z85, of a CURVE secret key of 32 raw bytes.
  std::function<std::string(const std::string& secret)> public_key_of;
};

/// The hosts and the tokens: who may connect, and who may join. Holds the rows in memory; every change is durable
/// first. Loop thread only. Throws StoreError; nothing has changed then.
class HostBook {
 public:
  /// `publish` gets the whole list of keys that may connect, and who they are, after every change of it.
  using Publish = std::function<void(const std::map<std::string, HostId>& allowed)>;
  HostBook(store::StateStore& store, const Clock& clock, EnrolmentTerms terms, Publish publish,
           const Changeover& changeover);

  /// Reads the store. Once, after the epoch was taken.
  void load();

  const model::HostRow* find(const HostId& host) const;
  std::vector<model::HostRow> rows() const;
  /// Enrolled, not revoked and not removed.
  bool may_connect(const HostId& host) const;
  /// The agent said HELLO. Known at once, durable with the next write_seen(): nothing depends on it, and a thousand
  /// agents that come back together must not cost a thousand transactions.
  void seen(const HostId& host, const std::string& agent_version);
  /// Its session is over, and had been silent for so long.
  void last_heard(const HostId& host, std::int64_t silent_ms);
  void write_seen();

  Answer<bool> add(const Caller& caller, const HostId& host, const std::map<std::string, std::string>& labels);
  /// Called when it is durable that the host's key is no longer its own, and before the transport shuts it out: the
  /// last moment to tell the agent.
  using Farewell = std::function<void()>;
  Answer<bool> remove(const Caller& caller, const HostId& host, const Farewell& farewell = {});
  /// `also` is written in the same transaction.
  Answer<TokenMade> replace(const Caller& caller, const HostId& host, const store::Transaction& also,
                            const Farewell& farewell = {});
  Answer<TokenMade> create_token(const Caller& caller, const std::string& host_pattern);
  Answer<bool> revoke(const Caller& caller, const HostId& host, const Farewell& farewell = {});

  /// No unused token lets anybody in any more. Returns how many there were.
  std::size_t burn_unused_tokens(const Caller& caller, const std::string& why);

  /// What an agent that holds the token gets. The same request again has the same answer.
  std::variant<protocol::Enrolled, protocol::Refuse> enrol(const std::string& token_id, const protocol::Enrol& wish);
  /// What the audit says of a dial that the transport turned away. Reads the store.
  Turned stranger(const protocol::RefusedDial& dial) const;
  /// Keys of tokens that have expired meanwhile are no longer allowed. To be called now and then.
  void drop_expired();

 private:
  void publish() const;
  void put_host(const model::HostRow& row, store::Transaction writes);
  std::optional<Refusal> refuse_busy(const HostId& host) const;
  std::string refuse_enrolment(const model::TokenRow* token, const protocol::Enrol& wish) const;
  TokenMade make_token(const std::string& host_pattern, model::TokenRow& row) const;

  store::StateStore& store_;
  const Clock& clock_;
  EnrolmentTerms terms_;
  Publish publish_;
  const Changeover& changeover_;  ///< in it no enrolment string is made
  std::map<HostId, model::HostRow> hosts_;
  std::map<std::string, model::TokenRow> tokens_;
  std::set<HostId> seen_;                ///< rows that are newer than the store's
  std::map<std::string, int> failures_;  ///< by token id
};

/// True if the name is what the token was made for: a name, `prefix-*`, empty for any, or `=name`: a new key for the
/// host of that name.
bool matches_pattern(const std::string& pattern, const std::string& name);

/// The writes after which no token that is unused lets anybody in.
store::Transaction burn_unused_tokens(const store::StateStore& store);

}  // namespace switchyard::fleet
