#pragma once

#include <cstdint>
#include <string>

#include "cli/api_values.hpp"
#include "cli/artifact_upload.hpp"
#include "cli/context.hpp"
#include "cli/options.hpp"

namespace switchyard::cli {

/// Reads and checks the manifest, packs its artifacts, uploads them to send, and makes the body that /v1/plans and
/// /v1/deployments take. Throws InputError for what is wrong with the manifest or its artifacts.
DeployBody prepare_deployment(Context& context, const DeployStart& options, ArtifactUse use);

/// Asks for the plan and prints it, or only its graph for Graphviz.
void print_plan(Context& context, const DeployBody& body, bool dot = false);

/// Asks for something to be started until there is an answer: the key makes sure that it starts once, even when an
/// answer is lost. Returns the deployment as JSON. `wait_s`: for so long it asks again while another deployment holds a
/// component of it; who that is, is said once, and on a terminal how long it has waited.
std::string start_once(Context& context, const std::string& path, const std::string& body, std::int64_t wait_s = 0);

}  // namespace switchyard::cli
