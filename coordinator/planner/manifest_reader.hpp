#pragma once

#include <string>
#include <string_view>

#include "coordinator/model/manifest.hpp"

namespace switchyard::planner {

/// Reads and checks a deployment's specification (docs/manifest.md). What can be judged without knowing the fleet is
/// judged here: shapes, names, unknown keys, ports that clash, unknown dependencies, cycles. A specification without
/// hosts, artifacts or services is valid; plan_deployment() says what it lacks.
/// `defaults` stand where it says nothing.
/// Throws InputError: "file:line:column: what is wrong, and what to do".
model::Manifest read_manifest(std::string_view text, const std::string& file_name,
                              const model::ManifestDefaults& defaults = {});

/// `metadata.environment` alone, of a file that may be wrong elsewhere: which environment's defaults it is to be read
/// with. Empty when it names none. Throws InputError.
std::string read_environment_name(std::string_view text, const std::string& file_name);

}  // namespace switchyard::planner
