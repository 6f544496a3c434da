#include "tests/simulation/kernel_random.hpp"

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace switchyard::simulation {
namespace {

thread_local Dice* world_dice = nullptr;

}  // namespace

KernelRandom::KernelRandom(Dice& dice) : before_(std::exchange(world_dice, &dice)) {}
KernelRandom::~KernelRandom() { world_dice = before_; }

}  // namespace switchyard::simulation

/// Takes the place of the C library's in this program.
extern "C" ssize_t getrandom(void* buffer, size_t length, unsigned flags) {
  using switchyard::simulation::world_dice;
  if (world_dice == nullptr) return ::syscall(SYS_getrandom, buffer, length, flags);
  auto* out = static_cast<unsigned char*>(buffer);
  for (size_t i = 0; i < length; i += 8) {
    const std::uint64_t bits = world_dice->bits();
    std::memcpy(out + i, &bits, std::min<size_t>(8, length - i));
  }
  return static_cast<ssize_t>(length);
}
