#pragma once

#include <cstdint>
#include <random>

namespace switchyard::simulation {

/// All chance of a world. One seed gives one sequence.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  bool chance(double probability) { return probability > 0 && unit() < probability; }
  double unit() { return static_cast<double>(random_() >> 11) * 0x1.0p-53; }
  /// Both ends included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    if (high <= low) return low;
    return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  template <class Container>
  auto& pick(Container& container) {
    auto found = container.begin();
    std::advance(found, between(0, static_cast<std::int64_t>(container.size()) - 1));
    return *found;
  }
  std::uint64_t bits() { return random_(); }

 private:
  std::mt19937_64 random_;
};

}  // namespace switchyard::simulation
