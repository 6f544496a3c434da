#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/clock.hpp"
#include "coordinator/engine/approval_gate.hpp"
#include "coordinator/fleet/operations.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// The authenticator apps of persons. Secrets are derived when they are needed, and kept nowhere. After some wrong
/// codes none counts for a while: of the person's tokens for the same environments, since whoever makes tokens in one
/// environment can make one of any name, and must not lock that person out elsewhere; and after some more of none of
/// his tokens, since many environments must not be many times as many tries. Owned by the Fleet, loop thread only.
/// Throws StoreError.
class TotpBook {
 public:
  /// `key`: whoever has it and the store can compute codes.
  TotpBook(store::StateStore& store, const Clock& clock, std::string key)
      : store_(store), clock_(clock), key_(std::move(key)) {}

  /// What came of a code, and what is to be written in the transaction in which it counts.
  struct Checked {
    engine::SecondFactor second_factor = engine::SecondFactor::none;
    store::Transaction use;
  };
  Checked check(const Caller& caller, const std::string& code);

  /// The URI for the caller's own app. In place of an app that he has already only with a code of that one.
  Answer<std::string> enrol(const Caller& caller, const std::string& code);
  /// For somebody else, whose app is lost.
  Answer<bool> reset(const Caller& caller, const std::string& person);

 private:
  struct Wrong {
    unsigned count = 0;
    std::int64_t last_boot_ms = 0;
  };
  /// By the environments of whoever showed them.
  using WrongOfPerson = std::map<std::string, Wrong>;

  std::string secret_of(const model::TotpRow& row) const;
  bool is_locked(const std::string& person, const std::string& environments);
  void note_wrong(const std::string& person, const std::string& environments);
  void forget_longest_ago();

  store::StateStore& store_;
  const Clock& clock_;
  std::string key_;
  std::map<std::string, WrongOfPerson> wrong_;
};

}  // namespace switchyard::fleet
