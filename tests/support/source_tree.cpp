#include "tests/support/source_tree.hpp"

namespace switchyard::testing {

std::filesystem::path source_tree() { return SWITCHYARD_SOURCE_DIR; }

}  // namespace switchyard::testing
