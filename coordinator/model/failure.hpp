#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"
#include "coordinator/model/rollback_trigger.hpp"

/// What went wrong in a deployment, and what was done upon it (docs/errors.md). Plain values and pure functions.
namespace switchyard::model {

/// When. preflight: before anything is changed. build: while the release is made (the command line's part; the
/// coordinator never says so). deployment: until the switch. postdeployment: what was switched does not hold.
enum class ErrorPhase : std::uint8_t { preflight = 0, build = 1, deployment = 2, postdeployment = 3 };
/// critical: clients may have met it. high: nothing served the new release yet. medium: nothing was changed, or it is
/// tried again until it works. low: nothing depends on it.
enum class Severity : std::uint8_t { critical = 0, high = 1, medium = 2, low = 3 };
/// abort: it goes no further, and a person decides; nothing is undone by itself.
enum class ErrorAction : std::uint8_t { continue_ = 0, retry = 1, rollback = 2, abort = 3 };

std::string_view error_phase_name(ErrorPhase phase);
std::string_view severity_name(Severity severity);
std::string_view error_action_name(ErrorAction action);
std::optional<ErrorPhase> error_phase_from_name(std::string_view name);
std::optional<Severity> severity_from_name(std::string_view name);
std::optional<ErrorAction> error_action_from_name(std::string_view name);

/// As it stands in the deployment's row.
struct Failure {
  ErrorPhase phase = ErrorPhase::deployment;
  Severity severity = Severity::high;
  ErrorAction action = ErrorAction::rollback;
  std::optional<RollbackTrigger> trigger = {};
  std::string code;  ///< of error_table()
  HostId host;       ///< empty: no host in particular
  std::string component;
  std::string message;
  std::string check = {};  ///< by name, when it was a check that failed
  bool operator==(const Failure&) const = default;
};

/// What a code means, for people. In the order of docs/errors.md.
struct ErrorKind {
  std::string_view code;
  std::string_view category;
  bool recoverable = false;    ///< the same deployment may succeed when it is started again
  std::string_view suggested;  ///< what to do
};
std::span<const ErrorKind> error_table();
/// A code that is not in the table (of a newer agent) is of the category `unknown`.
const ErrorKind& error_kind(std::string_view code);

/// What has to be known to say what is done about a failure.
struct Plight {
  bool decided = false;      ///< COMMIT or ABORT is written: it is carried out, however often it has to be tried
  bool dispensable = false;  ///< nothing depends on it: the end of an old slot
  bool automatic = true;     ///< rollback_on_failure
  bool may_stand = true;     ///< it can stand still: every host may still go on from where it is
};
ErrorAction action_upon(const Plight& plight);
/// Why, in a sentence.
std::string_view action_reason(ErrorAction action);

}  // namespace switchyard::model
