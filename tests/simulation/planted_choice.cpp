// Which bug a unit program over planted modules has: the one that SWITCHYARD_PLANTED names, or none.
#include <cstdlib>
#include <cstring>

#include "common/planted.hpp"

namespace switchyard::planted {
namespace {

Bug chosen() {
  const char* name = std::getenv("SWITCHYARD_PLANTED");
  if (name == nullptr) return Bug::none;
  for (const NamedBug& bug : bugs) {
    if (std::strcmp(bug.name, name) == 0) return bug.bug;
  }
  std::abort();  // a name that nobody planted must not look like a bug that nobody notices
}

/// Before any test begins.
[[maybe_unused]] const bool done = [] {
  active = chosen();
  return true;
}();

}  // namespace
}  // namespace switchyard::planted
