#include "coordinator/config/catalog.hpp"

#include <algorithm>

#include "common/error.hpp"
#include "common/nearest.hpp"

namespace switchyard::config {
namespace {

template <class Thing, class Read>
void read_all(const std::vector<ConfigFile>& files, std::map<std::string, Thing>& things,
              std::vector<std::string>& problems, Read read) {
  for (const ConfigFile& file : files) {
    if (const auto twice = things.find(file.name); twice != things.end()) {
      problems.push_back(file.path + ": `" + file.name + "` is also in " + twice->second.file_name + "; remove one");
      continue;
    }
    try {
      things.emplace(file.name, read(file.text, file.path, file.name));
    } catch (const InputError& error) {
      problems.emplace_back(error.what());
    }
  }
}

template <class Thing>
std::string nearest_of(const std::string& name, const std::map<std::string, Thing>& things, const std::string& what) {
  std::vector<std::string_view> known;
  std::string list;
  for (const auto& [key, thing] : things) {
    known.push_back(key);
    list += (list.empty() ? "" : ", ") + key;
  }
  if (known.empty()) return "; the configuration has no " + what;
  const std::string guess = did_you_mean(name, known);
  return guess.empty() ? "; there are: " + list : guess;
}

template <class Thing>
const Thing& found_in(const std::map<std::string, Thing>& things, const std::string& name, const std::string& what,
                      const std::vector<std::string>& problems) {
  if (const auto found = things.find(name); found != things.end()) return found->second;
  // Its file may be there and wrong: then that is what the person has to know.
  for (const std::string& problem : problems) {
    if (problem.find("/" + name + ".y") != std::string::npos) throw InputError(problem);
  }
  throw InputError("there is no " + what + " `" + name + "`" + nearest_of(name, things, what));
}

void check_overrides(Catalog& catalog) {
  for (const auto& [name, server] : catalog.servers) {
    for (std::size_t i = 0; i < server.overrides.size(); ++i) {
      const std::string& environment = server.overrides[i].first;
      if (catalog.environments.contains(environment)) continue;
      catalog.problems.push_back(server.override_places[i] + ": environment_overrides for `" + environment +
                                 "`, but there is no such environment" +
                                 nearest_of(environment, catalog.environments, "environment"));
    }
  }
}

void add_once(std::vector<std::string>& list, const std::string& text) {
  if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
}

}  // namespace

const Environment& Catalog::environment(const std::string& name) const {
  return found_in(environments, name, "environment", problems);
}
model::ManifestDefaults Catalog::defaults_in(const std::string& environment,
                                             const model::ManifestDefaults& caller) const {
  const auto found = environments.find(environment);
  return found == environments.end() ? caller : config::defaults_in(found->second, caller);
}
const Server& Catalog::server(const std::string& name) const { return found_in(servers, name, "server", problems); }

Catalog read_catalog(const std::vector<ConfigFile>& environments, const std::vector<ConfigFile>& servers) {
  Catalog catalog;
  read_all(environments, catalog.environments, catalog.problems, read_environment);
  read_all(servers, catalog.servers, catalog.problems, read_server);
  check_overrides(catalog);
  return catalog;
}

CatalogCheck check_catalog(const Catalog& catalog, const ResolveInputs& inputs, templates::TemplateRenderer& renderer) {
  CatalogCheck check;
  for (const auto& [server_name, server] : catalog.servers) {
    for (const auto& [environment_name, environment] : catalog.environments) {
      ++check.resolved;
      try {
        const Resolved resolved = resolve(server, environment, inputs, renderer);
        for (const Judgement& judgement : resolved.judgements) {
          const std::string text = judgement.message + " [" + server_name + " in " + environment_name + "]";
          add_once(judgement.result == RuleResult::broken ? check.problems : check.notes, text);
        }
      } catch (const InputError& error) {
        add_once(check.problems, error.what());
      }
    }
  }
  return check;
}

}  // namespace switchyard::config
