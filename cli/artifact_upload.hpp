#pragma once

#include <filesystem>

#include "cli/api_values.hpp"
#include "cli/context.hpp"
#include "coordinator/model/manifest.hpp"

namespace switchyard::cli {

/// What becomes of the packed artifacts: a start needs their bytes, a plan only what they are called and how large
/// they are.
enum class ArtifactUse { send, describe };

/// Packs the artifact of every component, notes it in `body`, and, to send, gives the coordinator what it lacks of it.
/// Paths in the manifest are relative to `directory`, its own. Throws InputError when an artifact cannot be packed, and
/// what ApiClient throws.
void provide_artifacts(Context& context, const model::Manifest& manifest, const std::filesystem::path& directory,
                       ArtifactUse use, DeployBody& body);

}  // namespace switchyard::cli
