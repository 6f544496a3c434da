#include "coordinator/planner/component_reader.hpp"

#include <algorithm>
#include <set>

#include "common/error.hpp"
#include "common/limits_snapshots.hpp"
#include "common/nearest.hpp"
#include "coordinator/planner/hook_reader.hpp"
#include "coordinator/planner/rolling_reader.hpp"
#include "coordinator/planner/schema_backup_reader.hpp"
#include "coordinator/planner/service_reader.hpp"
#include "protocol/text.hpp"

namespace switchyard::planner {

namespace {

std::vector<std::string> unique_names(const YamlNode& list) {
  std::vector<std::string> names;
  for (const YamlNode& item : list.items()) {
    std::string name = item.name();
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      item.refuse(list.label() + " names `" + name + "` twice; remove one");
    }
    names.push_back(std::move(name));
  }
  return names;
}

model::HealthCheck find_check(const YamlNode& item, const CheckBook& checks, const model::ManifestDefaults& defaults) {
  if (item.is_map()) return read_health_check(item, defaults);
  const std::string name = item.text();
  const auto found = checks.find(name);
  if (found != checks.end()) return found->second;
  std::vector<std::string_view> known;
  for (const auto& [key, check] : checks) known.push_back(key);
  const std::string guess = did_you_mean(name, known);
  item.refuse("unknown health check `" + name + "`" +
              (guess.empty() ? "; define it under the file's `health_checks:`" : guess));
}

void read_checks(const YamlNode& list, const CheckBook& checks, const model::ManifestDefaults& defaults,
                 model::Component& component) {
  std::set<std::string> names;
  for (const YamlNode& item : list.items()) {
    model::HealthCheck check = find_check(item, checks, defaults);
    if (!names.insert(check.probe.name).second) {
      item.refuse("the health check `" + check.probe.name + "` is there twice; rename or remove one");
    }
    component.health_checks.push_back(std::move(check));
  }
}

model::ArtifactSource read_artifact(const YamlNode& node) {
  node.allow_keys({"directory", "tarball"});
  model::ArtifactSource source{node.text_or("directory", ""), node.text_or("tarball", "")};
  if (source.directory.empty() == source.tarball.empty()) {
    node.refuse(node.label() + " needs one of `directory: ...` and `tarball: ...`");
  }
  source.where = node.at(source.tarball.empty() ? "directory" : "tarball").where();
  return source;
}

/// Parts that are names, apart by one slash; nothing that a path could leave by.
bool is_plain(const std::string& relative) {
  bool good = !relative.empty() && relative.size() <= limits::archive_path_bytes_max &&
              relative.find('\\') == std::string::npos;
  for (std::size_t from = 0; good && from <= relative.size();) {
    const std::size_t end = std::min(relative.find('/', from), relative.size());
    const std::string part = relative.substr(from, end - from);
    good = !part.empty() && part != "." && part != "..";
    from = end + 1;
  }
  return good && std::all_of(relative.begin(), relative.end(), [](char c) { return c > ' ' || c < 0; });
}

std::vector<std::string> read_files_to_backup(const YamlNode& list) {
  std::vector<std::string> files;
  for (const YamlNode& item : list.items()) {
    std::string path = item.text();
    if (!path.starts_with('/') || !is_plain(path.substr(1))) {
      item.refuse(item.label() + " is \"" + path +
                  "\", but it must be the absolute path of a file on the host: " + "/etc/app/app.conf");
    }
    if (std::find(files.begin(), files.end(), path) != files.end()) {
      item.refuse(item.label() + ": \"" + path + "\" is there twice; remove one");
    }
    files.push_back(std::move(path));
  }
  if (files.size() > limits::snapshot_files_max) {
    list.refuse(list.label() + " names " + std::to_string(files.size()) + " files, but at most " +
                std::to_string(limits::snapshot_files_max) +
                " are saved; what is more is data, and has its own backup");
  }
  return files;
}

std::vector<std::string> read_shared(const YamlNode& list) {
  std::vector<std::string> paths;
  for (const YamlNode& item : list.items()) {
    std::string path = item.text();
    if (!is_plain(path))
      item.refuse(item.label() + " is \"" + path + "\", but it must be a path inside the release: data, etc/app.conf");
    for (const std::string& other : paths) {
      const bool within = path == other || path.starts_with(other + "/") || other.starts_with(path + "/");
      if (within)
        item.refuse(item.label() + ": \"" + path + "\" and \"" + other + "\" lie in each other; keep the outer one");
    }
    paths.push_back(std::move(path));
  }
  return paths;
}

void read_runs(const YamlNode& list, model::Component& component) {
  for (const YamlNode& item : list.items()) {
    model::RunCommand run = read_run(item, component);
    for (const model::RunCommand& other : component.runs) {
      if (other.name == run.name) item.refuse("the command `" + run.name + "` is there twice; rename or remove one");
    }
    component.runs.push_back(std::move(run));
  }
}

void read_basics(const YamlNode& node, model::Component& component) {
  component.where = node.where();
  component.name = node.at("name").name();
  component.server_type = node.text_or("server_type", "");
  component.priority = static_cast<std::int32_t>(node.integer_or("priority", -1'000'000, 1'000'000, 0));
  component.parallel_safe = node.boolean_or("parallel_safe", true);
  if (const auto list = node.find("dependencies")) component.dependencies = unique_names(*list);
  component.timeout_ms = static_cast<std::uint32_t>(node.integer_or("timeout_seconds", 1, 86'400, 300) * 1'000);
  component.retry_attempts = static_cast<std::uint32_t>(node.integer_or("retry_attempts", 0, 10, 3));
  if (const auto list = node.find("hosts")) {
    for (std::string& host : unique_names(*list)) component.hosts.emplace_back(std::move(host));
  }
  component.drain_ms = static_cast<std::uint32_t>(node.integer_or("drain_seconds", 0, 86'400, 30) * 1'000);
  component.max_parallel = static_cast<std::uint32_t>(node.integer_or("max_parallel", 1, limits::hosts_max, 1));
  if (!node.find("max_parallel")) component.max_parallel = 0;
}

void read_canary(const YamlNode& node, model::Component& component) {
  node.allow_keys({"weights", "pause_seconds", "promote"});
  if (component.strategy != model::Strategy::canary) {
    node.refuse(node.label() + " has no meaning with this strategy; set `strategy: canary`, or remove it");
  }
  const YamlNode weights = node.at("weights");
  for (const YamlNode& item : weights.items()) {
    const auto weight = static_cast<std::uint32_t>(item.integer(1, 99));
    if (!component.canary.weights.empty() && weight <= component.canary.weights.back()) {
      item.refuse(item.label() + " is " + std::to_string(weight) +
                  ", but a share must be larger than the one before it (" +
                  std::to_string(component.canary.weights.back()) + ")");
    }
    component.canary.weights.push_back(weight);
  }
  if (component.canary.weights.empty() || component.canary.weights.size() > limits::canary_weights_max) {
    weights.refuse(weights.label() + " needs one to " + std::to_string(limits::canary_weights_max) +
                   " shares in percent: [10, 50]; 100 comes by itself");
  }
  component.canary.pause_ms = static_cast<std::uint32_t>(
      node.integer_or("pause_seconds", 0, limits::pause_seconds_max, limits::canary_pause_ms_default / 1'000) * 1'000);
  if (const auto promote = node.find("promote")) {
    component.canary.promoted_by_hand = promote->choice({"automatic", "manual"}) == 1;
  }
}

/// The strategy that is asked for here, or else by the caller, or the gentlest one that the ports allow.
void read_strategy(const YamlNode& node, const model::ManifestDefaults& defaults, model::Component& component) {
  const bool two_ports = component.ports.blue != 0;
  component.strategy = two_ports ? model::Strategy::blue_green : model::Strategy::recreate;
  const auto strategy = node.find("strategy");
  component.strategy_is_default = !strategy && defaults.strategy;
  if (component.strategy_is_default) component.strategy = *defaults.strategy;
  if (strategy) {
    component.strategy =
        static_cast<model::Strategy>(strategy->choice({"blue-green", "rolling", "recreate", "canary"}));
  }
  const bool switched = two_ports && component.strategy != model::Strategy::recreate;
  component.traffic = switched ? model::TrafficKind::nftables : model::TrafficKind::none;
  if (const auto traffic = node.find("traffic")) read_traffic(*traffic, component);
  const bool by_the_ports = !strategy && !component.strategy_is_default;
  if (by_the_ports && component.has_switch()) component.strategy = model::Strategy::blue_green;
  if (const auto start = node.find("start")) {
    component.start = static_cast<model::StartIn>(start->choice({"prepare", "swap"}));
    if (!component.has_switch()) {
      start->refuse(start->label() + " has no meaning where the old is stopped before the new starts; remove it");
    }
  }
}

void check_strategy(const YamlNode& node, const model::Component& component) {
  const model::Ports& ports = component.ports;
  const std::string who = "component `" + component.name + "`";
  if (component.strategy == model::Strategy::canary && !component.has_switch()) {
    node.refuse(who + " is a canary, which needs a traffic switch; set `ports: {stable: N, blue: N, green: N}` and " +
                "`traffic: {kind: nftables}`");
  }
  if (component.strategy == model::Strategy::canary && component.canary.weights.empty()) {
    node.refuse(who + " is a canary, but nothing says how; set `canary: {weights: [10, 50]}`");
  }
  if (component.strategy == model::Strategy::blue_green && !component.has_switch()) {
    node.refuse(who + " is blue-green, which needs a traffic switch; set `ports: {stable: N, blue: N, green: N}` and " +
                "`traffic: {kind: nftables}`, or `strategy: recreate` and accept the downtime");
  }
  if (component.strategy == model::Strategy::recreate && component.has_switch()) {
    node.refuse(who + " is recreated, which stops the old before the new starts; remove `traffic`, or choose " +
                "`strategy: blue-green`");
  }
  if (!component.has_switch() && ports.blue != 0) {
    node.refuse(who +
                " has ports for blue and green, but no traffic switch that uses them; keep only `stable`, or set " +
                "`strategy: blue-green` and `traffic`");
  }
  if (component.has_switch() && ports.blue == 0) {
    node.refuse(who + " has a traffic switch, but no ports for the two slots; add `blue` and `green` to `ports`");
  }
  if (component.has_switch() && component.traffic != model::TrafficKind::haproxy && ports.stable == 0) {
    node.refuse(who + " has no stable port; add `stable` to `ports`: the one that clients use");
  }
  if (!component.adopt_unit.empty() && component.traffic == model::TrafficKind::haproxy) {
    node.refuse(who + ": `adopt` is not possible behind haproxy, where a server's name says who serves; name the old " +
                "service's server in the backend and take it out after the deployment");
  }
  if (!component.shared.empty() && component.service.unit.empty() && component.service.user.empty()) {
    node.refuse(who + " has `shared` paths, but no `service.user` who owns them; name the user");
  }
}

/// Nothing in the file says so: whoever reads an error about it would look for it in vain.
std::string with_source(const InputError& error, model::StrategySource source) {
  const std::string why = std::string(error.what()) + " (the strategy is that of ";
  switch (source) {
    case model::StrategySource::variable:
      return why + "DEPLOYMENT_STRATEGY, since the component names none)";
    case model::StrategySource::environment:
      return why + "the environment's file, since the component names none)";
    case model::StrategySource::option:
      return why + "--strategy; deploy what cannot follow it by itself, see --components)";
  }
  return why + "the request)";
}

/// As the file says, with `defaults` where it says nothing.
model::Component read_by_the_file(const YamlNode& node, const CheckBook& checks,
                                  const model::ManifestDefaults& defaults) {
  node.allow_keys({"name",
                   "server_type",
                   "priority",
                   "parallel_safe",
                   "dependencies",
                   "timeout_seconds",
                   "retry_attempts",
                   "health_checks",
                   "hosts",
                   "artifact",
                   "runtime",
                   "strategy",
                   "service",
                   "ports",
                   "traffic",
                   "shared",
                   "adopt",
                   "start",
                   "drain_seconds",
                   "max_parallel",
                   "run",
                   "hooks",
                   "canary",
                   "min_healthy_seconds",
                   "files_to_backup",
                   "schemas_to_backup",
                   "min_healthy"});
  model::Component component;
  read_basics(node, component);
  if (const auto list = node.find("health_checks")) read_checks(*list, checks, defaults, component);
  if (const auto artifact = node.find("artifact")) component.artifact = read_artifact(*artifact);
  if (const auto runtime = node.find("runtime")) runtime->choice({"systemd"});
  if (const auto service = node.find("service")) component.service = read_service(*service);
  if (const auto runs = node.find("run")) read_runs(*runs, component);
  if (const auto hooks = node.find("hooks")) read_hooks(*hooks, component);
  if (const auto ports = node.find("ports")) component.ports = read_ports(*ports);
  if (const auto shared = node.find("shared")) component.shared = read_shared(*shared);
  if (const auto files = node.find("files_to_backup")) component.files_to_backup = read_files_to_backup(*files);
  if (const auto list = node.find("schemas_to_backup")) {
    component.schemas_to_backup = read_schemas_to_backup(*list, checks, component);
  }
  if (const auto adopt = node.find("adopt")) {
    adopt->allow_keys({"unit"});
    const YamlNode unit = adopt->at("unit");
    component.adopt_unit = unit.text();
    const std::string& name = component.adopt_unit;
    if (!name.ends_with(".service") || !protocol::is_unit_name(name))
      unit.refuse(unit.label() + " is \"" + name + "\", but it must be the name of a service: old-api.service");
    if (name.starts_with("switchyard-"))
      unit.refuse(unit.label() + " is \"" + name + "\", a unit of Switchyard itself, which cannot be adopted");
  }
  try {
    read_strategy(node, defaults, component);
    if (const auto canary = node.find("canary")) read_canary(*canary, component);
    read_rolling(node, component);
    check_strategy(node, component);
  } catch (const InputError& error) {
    if (!component.strategy_is_default) throw;
    throw InputError(with_source(error, defaults.strategy_source));
  }
  return component;
}

/// In place of the one that the file names. What the file says for its own alone (shares, batches) means nothing then.
void replace_strategy(const YamlNode& node, model::Strategy strategy, model::Component& component) {
  if (component.strategy == strategy) return;
  component.strategy = strategy;
  component.strategy_is_default = true;
  if (strategy != model::Strategy::canary) component.canary = {};
  if (strategy != model::Strategy::rolling) component.min_healthy = component.min_healthy_ms = 0;
  try {
    check_strategy(node, component);
  } catch (const InputError& error) {
    throw InputError(with_source(error, model::StrategySource::option));
  }
}

}  // namespace

model::Component read_component(const YamlNode& node, const CheckBook& checks,
                                const model::ManifestDefaults& defaults) {
  if (defaults.strategy_source != model::StrategySource::option) return read_by_the_file(node, checks, defaults);
  model::ManifestDefaults others = defaults;
  others.strategy.reset();
  const bool names_one = node.is_map() && node.find("strategy").has_value();
  try {
    model::Component component = read_by_the_file(node, checks, names_one ? others : defaults);
    if (names_one) replace_strategy(node, *defaults.strategy, component);
    return component;
  } catch (const InputError& error) {
    // What is wrong with the file itself is said by the second reading.
    model::Component component = read_by_the_file(node, checks, others);
    component.strategy_trouble = error.what();
    return component;
  }
}

}  // namespace switchyard::planner
