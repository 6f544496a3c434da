#pragma once

#include <cstdint>
#include <string>

#include "coordinator/artifact/content_source.hpp"

namespace switchyard::artifact {

/// The tar format as artifacts use it: ustar, and a pax header before an entry whose path, target or size does not fit.
/// Owner 0, time 0, modes 0755 and 0644. Written here rather than by a library, because the release id depends on every
/// byte: a library may arrange the same entry otherwise in its next version.
std::string tar_header(const PackEntry& entry);

/// Zeros after a file's content, up to the next block.
std::string tar_padding(std::uint64_t bytes);

/// The end of the archive.
std::string tar_end();

}  // namespace switchyard::artifact
