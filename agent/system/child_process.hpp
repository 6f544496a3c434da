#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::agent {

struct ProcessRequest {
  std::vector<std::string> argv;  ///< argv[0] is an absolute path; never a shell
  std::string_view input;         ///< what it reads on its standard input: a file in memory that only its user may read
  int timeout_ms = 0;
  std::size_t output_bytes_max = 0;
  std::vector<std::string> environment = {};  ///< further variables, NAME=value
};

struct ProcessOutcome {
  int exit_status = 0;     ///< 128 + signal when a signal ended it
  bool timed_out = false;  ///< it was killed
  bool truncated = false;  ///< there was more output than asked for, and it was killed
  std::string output;      ///< standard output
  std::string errors;      ///< standard error, at most excerpt_bytes_max
};

/// Runs a program of the host (nft, pg_dump) to its end, by posix_spawn: the agent has threads and must never fork.
/// Blocking; any thread. Throws SysError when the program cannot be started. Nothing of the agent is inherited: a fixed
/// environment, no descriptors, no blocked signals.
ProcessOutcome run_process(const ProcessRequest& request);

}  // namespace switchyard::agent
