#pragma once

#include <map>
#include <string>
#include <vector>

#include "coordinator/config/environment.hpp"
#include "coordinator/config/resolver.hpp"
#include "coordinator/config/server.hpp"

namespace switchyard::config {

/// A file as it was read; `name` is its own without directory and ending.
struct ConfigFile {
  std::string path;
  std::string name;
  std::string text;
};

/// All environments and servers of a configuration directory, by name. Files that cannot be used are not in it, and
/// have a problem each: "file:line:column: ...".
struct Catalog {
  std::map<std::string, Environment> environments;
  std::map<std::string, Server> servers;
  std::vector<std::string> problems;

  /// These throw InputError when there is none of the name, with the nearest, or with the problem of its file.
  const Environment& environment(const std::string& name) const;
  const Server& server(const std::string& name) const;
  /// What a manifest for that environment is read with; of one that has no file, what the caller brings along.
  model::ManifestDefaults defaults_in(const std::string& environment, const model::ManifestDefaults& caller) const;
};

/// Never throws for what a file says.
Catalog read_catalog(const std::vector<ConfigFile>& environments, const std::vector<ConfigFile>& servers);

/// What is wrong with any server in any environment, each thing once. Throws RendererError.
struct CatalogCheck {
  std::vector<std::string> problems;
  std::vector<std::string> notes;  ///< what could not be judged
  std::size_t resolved = 0;        ///< pairs of server and environment
};
CatalogCheck check_catalog(const Catalog& catalog, const ResolveInputs& inputs, templates::TemplateRenderer& renderer);

}  // namespace switchyard::config
