#pragma once

#include <filesystem>

namespace switchyard::testing {

/// Where the sources stand. It is asked for here, not defined for every test, so that two checkouts of the same text
/// compile to the same bytes, and ccache serves both.
std::filesystem::path source_tree();

}  // namespace switchyard::testing
