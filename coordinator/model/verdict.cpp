#include "coordinator/model/verdict.hpp"

#include <algorithm>
#include <utility>

namespace switchyard::model {
namespace {

using protocol::CheckState;

std::size_t count(const std::vector<Evidence>& evidence, CheckState state, bool critical) {
  return static_cast<std::size_t>(std::count_if(evidence.begin(), evidence.end(), [&](const Evidence& one) {
    return one.state == state && one.critical == critical;
  }));
}

/// "stock on web-1", the first of its kind.
std::string first_of(const std::vector<Evidence>& evidence, CheckState state, bool critical) {
  const auto found = std::find_if(evidence.begin(), evidence.end(),
                                  [&](const Evidence& one) { return one.state == state && one.critical == critical; });
  return found->check + " on " + found->host.str() + ": " + found->detail +
         (found->tries > 1 ? " (" + std::to_string(found->tries) + " tries)" : "");
}

}  // namespace

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::pass:
      return "pass";
    case Outcome::fail:
      return "fail";
    case Outcome::inconclusive:
      return "inconclusive";
  }
  return "inconclusive";
}

std::string_view check_state_name(CheckState state) {
  switch (state) {
    case CheckState::passed:
      return "passed";
    case CheckState::failed:
      return "failed";
    case CheckState::unknown:
      return "unknown";
  }
  return "unknown";
}

Verdict judge(std::vector<Evidence> evidence) {
  Verdict verdict;
  const std::size_t failed = count(evidence, CheckState::failed, true);
  const std::size_t unknown = count(evidence, CheckState::unknown, true);
  const std::size_t warnings = count(evidence, CheckState::failed, false) + count(evidence, CheckState::unknown, false);
  const bool nothing_known = std::all_of(evidence.begin(), evidence.end(),
                                         [](const Evidence& one) { return one.state == CheckState::unknown; });
  if (evidence.empty()) {
    verdict.reason = "nothing was checked";
  } else if (failed > 0) {
    verdict.outcome = Outcome::fail;
    verdict.reason = std::to_string(failed) + " of " + std::to_string(evidence.size()) + " failed, first " +
                     first_of(evidence, CheckState::failed, true);
  } else if (unknown > 0) {
    verdict.reason = "of " + std::to_string(unknown) + " of " + std::to_string(evidence.size()) +
                     " nothing is known, first " + first_of(evidence, CheckState::unknown, true);
  } else if (nothing_known) {
    verdict.reason = "nothing is known of any of them";
  } else {
    verdict.outcome = Outcome::pass;
    verdict.reason = std::to_string(evidence.size() - warnings) + " of " + std::to_string(evidence.size()) + " passed" +
                     (warnings == 0 ? "" : "; the others are not critical");
  }
  verdict.evidence = std::move(evidence);
  return verdict;
}

}  // namespace switchyard::model
