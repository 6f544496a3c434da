#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace switchyard::model {

/// Of an end-to-end test: of a critical path, of what changes, or of all there is.
enum class TestScope : std::uint8_t { critical = 0, changed = 1, full = 2 };
/// How far a deployment is tested before it counts as done. smoke: tier 1; e2e: also tier 2 but for scope `full`.
enum class RunTests : std::uint8_t { none = 0, smoke = 1, e2e = 2, full = 3 };
std::string_view run_tests_name(RunTests tests);
std::optional<RunTests> run_tests_from_name(std::string_view name);
/// Whether a check of that tier and scope is asked. Tier 0 always is.
bool is_wanted(RunTests tests, std::uint32_t tier, TestScope scope);

}  // namespace switchyard::model
