#include "common/ensure.hpp"

#include <cstdio>
#include <cstdlib>

namespace switchyard {

void ensure_failed(const char* condition, const char* file, int line, const char* function) noexcept {
  // Plain stdio: the logger may itself be what is broken.
  std::fprintf(stderr, "invariant broken: %s at %s:%d in %s\n", condition, file, line, function);
  std::abort();
}

}  // namespace switchyard
