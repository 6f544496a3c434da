#include "coordinator/planner/health_check_reader.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>

#include "coordinator/planner/variables.hpp"
#include "protocol/text.hpp"

namespace switchyard::planner {

namespace {

constexpr std::int64_t seconds_max = 86'400;

std::uint32_t milliseconds(std::int64_t seconds) { return static_cast<std::uint32_t>(seconds * 1'000); }

/// A text whose variables are checked where the text stands.
std::string checked_text(const YamlNode& node) {
  std::string text = node.text();
  if (const auto trouble = variable_trouble(text)) node.refuse(node.label() + ": " + *trouble);
  return text;
}

bool has_controls(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == 127; });
}

/// A port in the URL that is no port. One that a variable gives is known when the plan is made.
bool has_bad_port(std::string_view url) {
  url.remove_prefix(std::string_view("http://").size());
  const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
  const std::size_t colon = authority.rfind(':');
  const std::size_t bracket = authority.rfind(']');
  const bool no_port = colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket);
  if (no_port || authority.find("${") != std::string_view::npos) return false;
  const std::string_view text = authority.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error != std::errc() || end != text.data() + text.size() || port == 0;
}

protocol::HttpProbe read_http(const YamlNode& config) {
  config.allow_keys({"url", "expected_status", "expected_body", "headers"});
  protocol::HttpProbe probe;
  const YamlNode url = config.at("url");
  probe.url = checked_text(url);
  const bool plain = std::all_of(probe.url.begin(), probe.url.end(), [](char c) { return c > ' ' && c < 127; });
  if (!probe.url.starts_with("http://") || probe.url.size() == 7 || !plain) {
    url.refuse(url.label() + " is \"" + probe.url +
               "\", but it must begin with http:// and have no blanks (checks run on the host itself, without TLS)");
  }
  if (has_bad_port(probe.url))
    url.refuse(url.label() + " is \"" + probe.url + "\", but a port is a number from 1 to 65535");
  if (const auto status = config.find("expected_status")) {
    const std::vector<YamlNode> list = status->is_list() ? status->items() : std::vector<YamlNode>{*status};
    for (const YamlNode& item : list)
      probe.expected_status.push_back(static_cast<std::uint16_t>(item.integer(100, 599)));
  }
  if (const auto body = config.find("expected_body")) probe.expected_body = checked_text(*body);
  if (const auto headers = config.find("headers")) {
    for (const auto& [name, value] : headers->entries()) {
      const std::string text = checked_text(value);
      const bool token = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
      });
      if (!token || has_controls(text)) {
        value.refuse("`" + name + "` is no HTTP header of one line; names have letters, digits and `-`");
      }
      probe.headers[name] = text;
    }
  }
  return probe;
}

protocol::TcpProbe read_tcp(const YamlNode& config) {
  config.allow_keys({"host", "port"});
  protocol::TcpProbe probe;
  probe.host = config.text_or("host", "127.0.0.1");
  const YamlNode port = config.at("port");
  // 0 stands for the variable, since the probe's port is a number.
  if (port.is_scalar() && port.text() == "${port}") return probe;
  probe.port = static_cast<std::uint16_t>(port.integer(1, 65535));
  return probe;
}

protocol::CommandProbe read_command(const YamlNode& config) {
  config.allow_keys({"command", "user"});
  protocol::CommandProbe probe;
  const YamlNode command = config.at("command");
  if (!command.is_list()) {
    command.refuse(command.label() + " must be a list of words, since no shell reads it: [curl, -f, \"http://...\"]");
  }
  for (const YamlNode& word : command.items()) probe.argv.push_back(checked_text(word));
  if (probe.argv.empty() || probe.argv.front().empty()) command.refuse(command.label() + " names no program");
  probe.user = config.text_or("user", "");
  return probe;
}

protocol::FileSystemProbe read_file_system(const YamlNode& config) {
  config.allow_keys({"path", "check_readable", "check_writable", "min_free_space_mb"});
  protocol::FileSystemProbe probe;
  const YamlNode path = config.at("path");
  probe.path = checked_text(path);
  const bool absolute = probe.path.starts_with('/') || probe.path.starts_with("${release_dir}") ||
                        probe.path.starts_with("${shared_dir}");
  if (!absolute) {
    path.refuse(path.label() + " is \"" + probe.path +
                "\", but it must be an absolute path, or begin with ${release_dir} or ${shared_dir}");
  }
  probe.check_readable = config.boolean_or("check_readable", false);
  probe.check_writable = config.boolean_or("check_writable", false);
  probe.min_free_space_mb = static_cast<std::uint64_t>(config.integer_or("min_free_space_mb", 0, 1'000'000'000, 0));
  return probe;
}

protocol::UnitProbe read_unit(const YamlNode& config) {
  config.allow_keys({"unit"});
  const YamlNode unit = config.at("unit");
  protocol::UnitProbe probe{checked_text(unit)};
  // Filled in as long as it can become, what is left must be a name.
  const VariableValues longest{65535, "green", "/", std::string(64, 'c'), "/"};
  if (!protocol::is_unit_name(expand_variables(probe.unit, longest))) {
    unit.refuse(unit.label() + " is \"" + probe.unit + "\", but it must be the name of a unit: postgresql.service");
  }
  return probe;
}

model::HealthCheck built_in(std::string name, decltype(protocol::ProbeSpec::kind) kind) {
  model::HealthCheck check;
  check.probe.name = std::move(name);
  check.probe.kind = std::move(kind);
  check.tags = {"built-in"};
  return check;
}

}  // namespace

CheckBook built_in_checks() {
  CheckBook book;
  book["http_health"] = built_in("http_health", protocol::HttpProbe{"http://127.0.0.1:${port}/health", {}, {}, {}});
  book["tcp_connectivity"] = built_in("tcp_connectivity", protocol::TcpProbe{"127.0.0.1", 0});
  return book;
}

namespace {

std::vector<model::HealthCheck> read_checks(const YamlNode& list) {
  std::vector<model::HealthCheck> checks;
  std::set<std::string> names;
  for (const YamlNode& item : list.items()) {
    checks.push_back(read_health_check(item));
    const std::string& name = checks.back().probe.name;
    if (!names.insert(name).second) item.refuse("the health check `" + name + "` is there twice; rename or remove one");
  }
  return checks;
}

}  // namespace

CheckBook read_check_book(const YamlNode& list) {
  CheckBook book = built_in_checks();
  for (model::HealthCheck& check : read_checks(list)) {
    const std::string name = check.probe.name;
    book[name] = std::move(check);
  }
  return book;
}

std::vector<model::HealthCheck> read_check_file(std::string_view text, const std::string& file_name) {
  const YamlNode root = read_yaml(text, file_name);
  root.allow_keys({"health_checks"});
  return read_checks(root.at("health_checks"));
}

model::HealthCheck read_health_check(const YamlNode& node) {
  node.allow_keys({"name", "type", "timeout_seconds", "retry_attempts", "critical", "tags", "config",
                   "interval_seconds", "successes", "healthy_seconds", "deadline_seconds"});
  model::HealthCheck check;
  protocol::ProbeSpec& probe = check.probe;
  probe.name = node.at("name").name();
  const YamlNode config = node.at("config");
  switch (node.at("type").choice({"http", "tcp", "command", "file_system", "unit"})) {
    case 0:
      probe.kind = read_http(config);
      break;
    case 1:
      probe.kind = read_tcp(config);
      break;
    case 2:
      probe.kind = read_command(config);
      break;
    case 3:
      probe.kind = read_file_system(config);
      break;
    case 4:
      probe.kind = read_unit(config);
      break;
  }
  probe.timeout_ms = milliseconds(node.integer_or("timeout_seconds", 1, 3'600, 5));
  const std::int64_t interval = node.integer_or("interval_seconds", 0, 3'600, 0);
  if (interval > 0) probe.interval_ms = milliseconds(interval);
  probe.successes = static_cast<std::uint32_t>(node.integer_or("successes", 1, 100, probe.successes));
  probe.min_healthy_ms = milliseconds(node.integer_or("healthy_seconds", 0, 3'600, 0));
  if (const auto attempts = node.find("retry_attempts")) {
    // As many tries as asked for fit in, each as long as it may take, and never less than the time to be healthy.
    const auto tries = static_cast<std::uint32_t>(attempts->integer(0, 100)) + 1;
    probe.deadline_ms = probe.min_healthy_ms + tries * std::max(probe.timeout_ms, probe.interval_ms);
  }
  if (const auto deadline = node.find("deadline_seconds")) {
    probe.deadline_ms = milliseconds(deadline->integer(1, seconds_max));
  }
  if (probe.deadline_ms <= probe.min_healthy_ms) {
    node.refuse("the health check `" + probe.name + "` must be healthy for longer than its deadline allows; raise " +
                "deadline_seconds above healthy_seconds");
  }
  probe.critical = node.boolean_or("critical", true);
  check.tags = node.texts_or_none("tags");
  return check;
}

}  // namespace switchyard::planner
