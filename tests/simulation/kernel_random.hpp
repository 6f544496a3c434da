#pragma once

#include "tests/simulation/dice.hpp"

namespace switchyard::simulation {

/// While one lives, this thread's getrandom() draws from the world's dice: ids and session numbers of the real code are
/// then the same in every replay. Without one, the kernel is asked.
class KernelRandom {
 public:
  explicit KernelRandom(Dice& dice);
  ~KernelRandom();
  KernelRandom(const KernelRandom&) = delete;
  KernelRandom& operator=(const KernelRandom&) = delete;

 private:
  Dice* before_;
};

}  // namespace switchyard::simulation
