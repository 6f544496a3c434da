#pragma once

#include <cstdint>
#include <functional>

namespace switchyard::simulation {

class World;
struct Host;

/// What goes wrong in one world: of all kinds of faults a random subset (swarm testing: all of them at once would hide
/// what some of them alone bring about), each at random times.
class Faults {
 public:
  explicit Faults(World& world);
  void begin();
  std::int64_t length_ms() const { return length_ms_; }

 private:
  void network();
  void partitions();
  void swizzle();
  void processes();
  void machines();
  void disks();
  void store();
  void steps();
  void people();
  void stale_words();
  void impostors();
  void old_copies();
  /// `times`: how often, each at a time of its own.
  void sometimes(std::int64_t least, std::int64_t most, std::function<void()> happen);
  Host& any_host();
  void lie(Host& host);

  World& world_;
  std::int64_t length_ms_;
};

}  // namespace switchyard::simulation
