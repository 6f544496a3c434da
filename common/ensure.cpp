#include "common/ensure.hpp"

#include <cstdio>
#include <cstdlib>

namespace switchyard {

void ensure_failed(const char* condition, std::source_location where) noexcept {
  // Plain stdio: the logger may itself be what is broken.
  std::fprintf(stderr, "invariant broken: %s at %s:%u in %s\n", condition, where.file_name(),
               static_cast<unsigned>(where.line()), where.function_name());
  std::abort();
}

}  // namespace switchyard
