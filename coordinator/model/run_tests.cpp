#include "coordinator/model/run_tests.hpp"

namespace switchyard::model {

std::string_view run_tests_name(RunTests tests) {
  switch (tests) {
    case RunTests::none:
      return "none";
    case RunTests::smoke:
      return "smoke";
    case RunTests::e2e:
      return "e2e";
    case RunTests::full:
      return "full";
  }
  return "full";
}

std::optional<RunTests> run_tests_from_name(std::string_view name) {
  for (const RunTests tests : {RunTests::none, RunTests::smoke, RunTests::e2e, RunTests::full}) {
    if (run_tests_name(tests) == name) return tests;
  }
  return std::nullopt;
}

bool is_wanted(RunTests tests, std::uint32_t tier, TestScope scope) {
  if (tier == 0) return true;
  if (tier == 1) return tests != RunTests::none;
  return tests == RunTests::full || (tests == RunTests::e2e && scope != TestScope::full);
}

}  // namespace switchyard::model
