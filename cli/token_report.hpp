#pragma once

#include <string>

#include "cli/console.hpp"

namespace switchyard::cli {

/// Prints a right to enrol: the string alone on standard output, so that it can be piped to a host; what to do with it
/// beside it. `answer` is the coordinator's. `options`: what `enroll` has to be told beside the string, and a blank.
void report_token(Console& console, const std::string& answer, const std::string& options);

}  // namespace switchyard::cli
