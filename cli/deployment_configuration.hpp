#pragma once

#include <optional>
#include <string>

#include "cli/offline.hpp"
#include "coordinator/config/catalog.hpp"
#include "coordinator/model/configuration.hpp"
#include "coordinator/model/manifest.hpp"

namespace switchyard::cli {

/// The files that hold for a deployment to the environment: those of the directory DIR of `--config-dir DIR`, or those
/// of deploy/config where that has a file of the environment, whose limits and policies hold whether anybody names the
/// directory or not. Nothing where neither. Throws InputError.
std::optional<config::Catalog> catalog_for(const Offline& local, const std::string& environment,
                                           const std::string& config_dir);

/// What the components of a manifest are configured with, and the limits and policies of its environment: resolved
/// here, with the caller's variables, so that none of those leaves this machine unless a template prints it. Empty when
/// there is no catalog and no component asks for a configuration; where one does, deploy/config must be there.
/// `environment` goes before the manifest's own. Throws InputError and RendererError.
model::Configuration configuration_of(Offline& local, const model::Manifest& manifest, const std::string& environment,
                                      const std::optional<config::Catalog>& catalog);

/// As the API takes it.
std::string write_configuration(const model::Configuration& configuration);

}  // namespace switchyard::cli
