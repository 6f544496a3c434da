#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "cli/context.hpp"
#include "coordinator/model/manifest.hpp"

namespace switchyard::cli {

/// Packs the artifact of every component and sends the coordinator what it lacks of it. Paths in the manifest are
/// relative to `directory`, its own. Returns component -> release id. Throws InputError when an artifact cannot be
/// packed, and what ApiClient throws.
std::map<std::string, std::string> upload_artifacts(Context& context, const model::Manifest& manifest,
                                                    const std::filesystem::path& directory);

}  // namespace switchyard::cli
