#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "tests/simulation/dice.hpp"
#include "tests/simulation/process.hpp"

namespace switchyard::simulation {

/// The moments at which a process may end: before and after every write and every sync, of every journal and of the
/// coordinator's store, and before and after every effect that a step has on its host. Either by chance, or exactly at
/// the n-th one.
class FaultPoints {
 public:
  enum class Where : std::uint8_t { journal_write, journal_sync, journal_rename, store_before, store_after, effect };

  explicit FaultPoints(Dice& dice) : dice_(dice) {}

  /// Throws Crashed when its time has come.
  void pass(Where where) {
    ++passed_;
    if (passed_ == call_at) call();
    const bool chosen = passed_ == crash_at;
    crashed_as_chosen = crashed_as_chosen || chosen;
    const bool store = where == Where::store_before || where == Where::store_after;
    if (!chosen && !dice_.chance(armed ? (store ? store_chance : journal_chance) : 0)) return;
    const bool power = chosen ? crash_with_power : !store && dice_.chance(power_share);
    throw Crashed{store ? "at a commit" : where == Where::effect ? "at an effect" : "at a write of the journal", power};
  }
  std::uint64_t passed() const { return passed_; }

  bool armed = false;
  double journal_chance = 0;
  double store_chance = 0;
  double power_share = 0;
  std::uint64_t crash_at = 0;  ///< 0: nowhere in particular
  bool crash_with_power = false;
  bool crashed_as_chosen = false;
  /// What happens at the n-th one beside that; 0: nothing.
  std::uint64_t call_at = 0;
  std::function<void()> call = [] {};

 private:
  Dice& dice_;
  std::uint64_t passed_ = 0;
};

}  // namespace switchyard::simulation
