#pragma once

#include <functional>
#include <string>

#include "cli/options.hpp"

namespace switchyard::cli {

/// Where the coordinator is: a unix socket, or a URL with a token.
struct Destination {
  std::string socket;
  std::string url;  ///< empty: the socket
  std::string token;
};

/// Nothing for a variable that is not set.
using ReadEnvironment = std::function<const char*(const char*)>;

/// The command line counts before the environment, the environment before the default socket. Reads the token file.
/// Throws InputError when the URL needs a token and there is none, or the file cannot be used.
Destination find_destination(const GlobalOptions& options, const ReadEnvironment& environment);

}  // namespace switchyard::cli
