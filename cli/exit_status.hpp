#pragma once

namespace switchyard::cli {

/// What the program tells its caller; scripts depend on these numbers.
enum class ExitStatus : int {
  done = 0,
  internal = 1,       ///< a fault of ours, or of the coordinator
  bad_input = 2,      ///< usage, manifest, something that does not exist
  rolled_back = 3,    ///< the deployment failed, and everything runs as before
  unresolved = 4,     ///< stuck or paused: a person must look; or not known
  unreachable = 5,    ///< the coordinator cannot be reached, or cannot work
  refused = 6,        ///< not allowed, or in conflict with how things stand; nothing was begun
  interrupted = 130,  ///< Ctrl-C; a deployment that was started goes on
};

}  // namespace switchyard::cli
