#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// The API tokens that are good, and how one is made and taken back. A token has 256 random bits and is kept as its
/// SHA-256, so that a slow hash would add nothing. What is revoked is refused from the next request on. Owned by the
/// Fleet, loop thread only. Throws StoreError.
class ApiTokenBook {
 public:
  ApiTokenBook(store::StateStore& store, const Clock& clock) : store_(store), clock_(clock) {}

  /// Once, after the epoch was taken.
  void load();
  /// Takes the same time for every digest, right or wrong.
  std::optional<access::Bearer> bearer(const std::string& digest) const;
  /// Why the caller is nobody any more: his token was good when he asked, and has expired or been revoked since.
  std::optional<Refusal> refuse_ended(const Caller& caller) const;
  Answer<ApiTokenMade> create(const Caller& caller, const ApiTokenRequest& request);
  Answer<bool> revoke(const Caller& caller, const std::string& id);

 private:
  std::optional<Refusal> refuse(const ApiTokenRequest& request) const;

  store::StateStore& store_;
  const Clock& clock_;
  std::set<std::string> ids_;             ///< of all there ever were
  std::vector<model::ApiTokenRow> good_;  ///< neither revoked nor, when they were last looked at, expired
};

}  // namespace switchyard::fleet
