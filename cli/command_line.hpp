#pragma once

#include <string>
#include <variant>
#include <vector>

#include "cli/exit_status.hpp"
#include "cli/options.hpp"

namespace switchyard::cli {

/// Nothing is to be run: help or the version was asked for, or the usage was wrong.
struct Usage {
  ExitStatus status = ExitStatus::bad_input;
  std::string text;
};

/// `arguments` without the program's name. Pure but for the question whether a file exists, which decides whether a
/// single word is a manifest (`switchyard FILE`, the short form of `switchyard deploy start FILE`).
std::variant<Invocation, Usage> parse_command_line(std::vector<std::string> arguments);

}  // namespace switchyard::cli
