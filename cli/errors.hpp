#pragma once

#include <string>
#include <utility>

#include "common/error.hpp"

namespace switchyard::cli {

/// The coordinator answered with an error body.
struct RefusedError : Error {
  RefusedError(int the_status, std::string the_code, const std::string& message, std::string the_body)
      : Error(message), status(the_status), code(std::move(the_code)), body(std::move(the_body)) {}
  int status;
  std::string code;
  std::string body;  ///< JSON, as it came
};

/// Only a rehearsal was asked for (--dry-run): nothing was changed. Not an error, but the end of every command.
struct Rehearsed : Error {
  Rehearsed(const std::string& would, std::string the_body) : Error(would), body(std::move(the_body)) {}
  std::string body;  ///< JSON, as it came
};

/// No answer. `asked`: the request may have arrived all the same, only the answer is missing.
struct UnreachableError : TransportError {
  UnreachableError(const std::string& message, bool may_have_arrived)
      : TransportError(message), asked(may_have_arrived) {}
  bool asked;
};

/// The coordinator's socket is there, but not for this user.
struct NotAllowedError : Error {
  using Error::Error;
};

/// Ctrl-C while we waited for the coordinator.
struct InterruptedError : Error {
  InterruptedError() : Error("interrupted") {}
};

}  // namespace switchyard::cli
