#include "common/core_dumps.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>

#include "common/log.hpp"

namespace switchyard {

void forbid_core_dumps() {
  constexpr rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0 || ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    log::warning("core dumps, which would hold keys, could not be forbidden", {{"errno", errno}});
  }
}

}  // namespace switchyard
