#include "coordinator/planner/health_check_reader.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <variant>

#include "common/limits.hpp"
#include "coordinator/planner/probe_kind_reader.hpp"

namespace switchyard::planner {

namespace {

/// Of one try: a look, a suite of requests, a test program.
std::int64_t timeout_seconds_of(std::int64_t tier) { return tier == 0 ? 5 : tier == 1 ? 30 : 600; }

std::uint32_t milliseconds(std::int64_t seconds) { return static_cast<std::uint32_t>(seconds * 1'000); }

/// What the caller's environment says of the times of a check, where the check itself says nothing.
void set_default_times(const YamlNode& node, std::int64_t tier, const model::ManifestDefaults& defaults,
                       model::HealthCheck& check) {
  if (tier == 2 && defaults.test_timeout_s && !node.find("timeout_seconds")) {
    check.probe.timeout_ms = milliseconds(*defaults.test_timeout_s);
    check.time_is_default = true;
  }
  const bool says_how_long = node.find("deadline_seconds") || node.find("retry_attempts");
  if (tier == 0 && defaults.check_deadline_s && !says_how_long) {
    check.probe.deadline_ms = milliseconds(*defaults.check_deadline_s);
    check.time_is_default = true;
  }
}

model::HealthCheck built_in(std::string name, decltype(protocol::ProbeSpec::kind) kind,
                            const model::ManifestDefaults& defaults) {
  model::HealthCheck check;
  if (defaults.check_deadline_s) {
    check.probe.deadline_ms = milliseconds(*defaults.check_deadline_s);
    check.time_is_default = true;
  }
  check.probe.name = std::move(name);
  check.probe.kind = std::move(kind);
  check.tags = {"built-in"};
  return check;
}

}  // namespace

CheckBook built_in_checks(const model::ManifestDefaults& defaults) {
  CheckBook book;
  book["http_health"] =
      built_in("http_health", protocol::HttpProbe{"http://127.0.0.1:${port}/health", {}, {}, {}}, defaults);
  book["tcp_connectivity"] = built_in("tcp_connectivity", protocol::TcpProbe{"127.0.0.1", 0}, defaults);
  return book;
}

namespace {

std::vector<model::HealthCheck> read_checks(const YamlNode& list, const model::ManifestDefaults& defaults) {
  std::vector<model::HealthCheck> checks;
  std::set<std::string> names;
  for (const YamlNode& item : list.items()) {
    checks.push_back(read_health_check(item, defaults));
    const std::string& name = checks.back().probe.name;
    if (!names.insert(name).second) item.refuse("the health check `" + name + "` is there twice; rename or remove one");
  }
  return checks;
}

}  // namespace

CheckBook read_check_book(const YamlNode& list, const model::ManifestDefaults& defaults) {
  CheckBook book = built_in_checks(defaults);
  for (model::HealthCheck& check : read_checks(list, defaults)) {
    const std::string name = check.probe.name;
    book[name] = std::move(check);
  }
  return book;
}

namespace {

model::HealthCheck read_known_keys(const YamlNode& node, const model::ManifestDefaults& defaults) {
  model::HealthCheck check;
  protocol::ProbeSpec& probe = check.probe;
  probe.name = node.at("name").name();
  probe.kind = read_probe_kind(node);
  const bool is_suite = std::holds_alternative<protocol::SmokeProbe>(probe.kind);
  const std::int64_t tier = node.integer_or("tier", 0, 2, is_suite ? 1 : 0);
  if (tier > 0) probe.tier = static_cast<std::uint32_t>(tier);
  if (const auto scope = node.find("scope")) {
    if (tier != 2) scope->refuse("`scope` says which end-to-end tests are run; it goes with `tier: 2`");
    check.scope = static_cast<model::TestScope>(scope->choice({"critical", "changed", "full"}));
  }
  probe.timeout_ms =
      milliseconds(node.integer_or("timeout_seconds", 1, limits::check_timeout_seconds_max, timeout_seconds_of(tier)));
  set_default_times(node, tier, defaults, check);
  const std::int64_t interval = node.integer_or("interval_seconds", 0, 3'600, 0);
  if (interval > 0) probe.interval_ms = milliseconds(interval);
  probe.successes = static_cast<std::uint32_t>(node.integer_or("successes", 1, 100, tier == 0 ? probe.successes : 1));
  probe.min_healthy_ms = milliseconds(node.integer_or("healthy_seconds", 0, 3'600, 0));
  // A test tells at once what it has to tell.
  if (tier > 0) probe.deadline_ms = probe.min_healthy_ms + probe.timeout_ms + limits::check_one_try_grace_ms;
  if (const auto attempts = node.find("retry_attempts")) {
    // As many tries as asked for fit in, each as long as it may take, and never less than the time to be healthy.
    const auto again = static_cast<std::uint32_t>(attempts->integer(0, 100));
    const std::uint32_t tries = again + 1;
    if (again > 0) probe.retry_attempts = again;
    probe.deadline_ms = probe.min_healthy_ms + tries * std::max(probe.timeout_ms, probe.interval_ms);
  }
  if (const auto deadline = node.find("deadline_seconds")) {
    probe.deadline_ms = milliseconds(deadline->integer(1, limits::check_deadline_seconds_max));
  }
  if (probe.deadline_ms <= probe.min_healthy_ms) {
    node.refuse("the health check `" + probe.name + "` must be healthy for longer than its deadline allows; raise " +
                "deadline_seconds above healthy_seconds" +
                (tier == 0 && check.time_is_default ? " (the deadline is that of HEALTH_CHECK_TIMEOUT)" : ""));
  }
  probe.critical = node.boolean_or("critical", true);
  check.tags = node.texts_or_none("tags");
  return check;
}

/// By what is written. In the bytes that go to an agent, a length of 36 before a brace would look like one.
bool mentions_variables(const YamlNode& node) {
  if (node.is_map()) {
    const auto entries = node.entries();
    return std::any_of(entries.begin(), entries.end(), [](const auto& entry) {
      return entry.first.find("${") != std::string::npos || mentions_variables(entry.second);
    });
  }
  if (node.is_list()) {
    const auto items = node.items();
    return std::any_of(items.begin(), items.end(), mentions_variables);
  }
  return node.is_scalar() && !node.is_null() && node.text().find("${") != std::string::npos;
}

/// Of a file of its own, where a check may say on which hosts it is run.
CheckToRegister read_placed_check(const YamlNode& node) {
  node.allow_keys({"name", "type", "timeout_seconds", "retry_attempts", "critical", "tags", "config",
                   "interval_seconds", "successes", "healthy_seconds", "deadline_seconds", "tier", "scope", "component",
                   "hosts"});
  CheckToRegister wanted{read_known_keys(node, {}), {}, {}};
  if (const auto component = node.find("component")) wanted.component = component->name();
  if (const auto hosts = node.find("hosts")) {
    for (const YamlNode& host : hosts->items()) wanted.hosts.emplace_back(host.name());
  }
  return wanted;
}

CheckToRegister read_check_to_register(const YamlNode& node) {
  CheckToRegister wanted = read_placed_check(node);
  if (mentions_variables(node.at("config"))) {
    node.refuse("the health check `" + wanted.check.probe.name +
                "` holds a variable; a registered check belongs to no slot: write the port, or the path, itself");
  }
  return wanted;
}

}  // namespace

model::HealthCheck read_health_check(const YamlNode& node, const model::ManifestDefaults& defaults) {
  node.allow_keys({"name", "type", "timeout_seconds", "retry_attempts", "critical", "tags", "config",
                   "interval_seconds", "successes", "healthy_seconds", "deadline_seconds", "tier", "scope"});
  return read_known_keys(node, defaults);
}

namespace {

/// `read_one` reads an entry of the file's list.
template <class ReadOne>
std::vector<CheckToRegister> read_placed_checks(const YamlNode& root, ReadOne read_one) {
  root.allow_keys({"health_checks"});
  std::vector<CheckToRegister> checks;
  std::set<std::string> names;
  const YamlNode list = root.at("health_checks");
  for (const YamlNode& item : list.items()) {
    checks.push_back(read_one(item));
    const std::string& name = checks.back().check.probe.name;
    if (!names.insert(name).second) item.refuse("the health check `" + name + "` is there twice; rename or remove one");
  }
  return checks;
}

}  // namespace

std::vector<model::HealthCheck> read_check_file(std::string_view text, const std::string& file_name) {
  std::vector<model::HealthCheck> checks;
  for (CheckToRegister& placed : read_placed_checks(read_yaml(text, file_name), read_placed_check)) {
    checks.push_back(std::move(placed.check));
  }
  return checks;
}

std::vector<CheckToRegister> read_checks_to_register(std::string_view text, const std::string& file_name) {
  const YamlNode root = read_yaml(text, file_name);
  std::vector<CheckToRegister> checks = read_placed_checks(root, read_check_to_register);
  const YamlNode list = root.at("health_checks");
  if (checks.empty()) list.refuse(list.label() + " is empty; list what shall be registered");
  return checks;
}

bool runs_programs(const protocol::ProbeSpec& probe) {
  if (const auto* database = std::get_if<protocol::DatabaseProbe>(&probe.kind)) return !database->credential.empty();
  if (const auto* queue = std::get_if<protocol::QueueProbe>(&probe.kind)) return !queue->credential.empty();
  return std::holds_alternative<protocol::CommandProbe>(probe.kind) ||
         std::holds_alternative<protocol::CustomProbe>(probe.kind) ||
         std::holds_alternative<protocol::StorageProbe>(probe.kind);
}

}  // namespace switchyard::planner
