#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordinator/artifact/content_source.hpp"

namespace switchyard::artifact {

/// Why the release could not run its file `path` (relative, normal), in words that follow "the artifact": it is not
/// there, is no file, or is not executable; with what is there instead. Follows links as the host's kernel would.
/// Nothing when it could, and where a path of `shared` lies on the way: what is there only the host knows. But a file
/// that the artifact brings, and such a path hides, is a mistake. Pure.
std::optional<std::string> program_trouble(const std::vector<PackEntry>& entries,
                                           const std::vector<std::string>& shared, const std::string& path);

}  // namespace switchyard::artifact
