#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/executors/archive_rules.hpp"
#include "agent/executors/directory.hpp"
#include "agent/executors/file_list.hpp"
#include "common/error.hpp"

namespace switchyard::agent {

/// The step's result is no longer wanted; what it left is taken up or removed by the next step.
struct Cancelled : Error {
  using Error::Error;
};

/// Unpacks an archive (tar, zstd) into an empty directory and says what was made. Every file is created by Directory,
/// so that the kernel keeps it inside; links come last, when nothing can be written through them any more. Modes lose
/// their write bits. All that was made is durable when the call returns. `depth_below_component`: how many directories
/// lie between the component's directory and `into` when it is in its final place (releases/<id> is 2), for the links
/// to shared paths. Throws ArchiveError, SysError, Cancelled; what was made until then stays for the caller to remove.
FileList unpack(const TarReader::Source& archive, const Directory& into, const ArchiveBounds& bounds,
                const std::vector<std::string>& shared, unsigned depth_below_component, const std::stop_token& stop);

}  // namespace switchyard::agent
