#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace switchyard::agent {

/// What became of one request of a smoke suite.
struct SmokeOutcome {
  std::string name;
  bool ok = false;
  bool critical = true;
  std::string detail;
};

/// A suite passes when every critical request did, and not more than half of all failed: more than half is a service
/// that is not there, whatever each of them is worth. A suite that asks outside services passes when one of them did:
/// when none is there, it is this host or this release. A suite of which nothing was asked tells nothing. Pure.
struct SmokeVerdict {
  bool ok = false;
  bool mostly_failed = false;  ///< more than 50 %
  std::size_t failed = 0;
  std::string text;
};
SmokeVerdict judge_smoke(const std::vector<SmokeOutcome>& outcomes, bool external = false);

}  // namespace switchyard::agent
