#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coordinator/artifact/content_source.hpp"

namespace switchyard::artifact {

/// Sorts the entries, adds directories that only their content names, and refuses what no agent would unpack: paths and
/// links that leave the release, names that differ in case only, more than the limits allow. Said here, where a
/// person can still change it. Throws InputError that names the entry; `origin` is the directory or tarball.
void check_entries(std::vector<PackEntry>& entries, const std::string& origin);

/// Why this is no path of a release; empty if it is one.
std::string path_trouble(std::string_view path);
/// Why a link at `path` must not lead to `target`; empty if it may.
std::string target_trouble(std::string_view path, std::string_view target);

}  // namespace switchyard::artifact
