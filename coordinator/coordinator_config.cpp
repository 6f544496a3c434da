#include "coordinator/coordinator_config.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <optional>

#include "common/error.hpp"
#include "common/file_system.hpp"
#include "common/ids.hpp"
#include "common/yaml_reader.hpp"

namespace switchyard {
namespace {

struct Address {
  std::string host;  ///< an IPv6 address keeps its brackets
  std::uint16_t port = 0;
};

Address read_address(const YamlNode& node) {
  const std::string text = node.text();
  const std::size_t colon = text.rfind(':');
  Address address;
  if (colon != std::string::npos) {
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, address.port);
    address.host = text.substr(0, colon);
    const bool bare_ipv6 = address.host.find(':') != std::string::npos && !address.host.starts_with('[');
    if (error == std::errc() && rest == end && !address.host.empty() && !bare_ipv6) return address;
  }
  node.refuse("'" + text + "' is not ADDRESS:PORT, for example 0.0.0.0:7400 or [::]:7400");
}

void read_listen(const YamlNode& root, CoordinatorConfig& config) {
  const auto listen = root.find("listen");
  if (!listen) return;
  listen->allow_keys({"control", "bulk"});
  if (const auto control = listen->find("control")) {
    const Address address = read_address(*control);
    config.control_address = "tcp://" + address.host + ":" + std::to_string(address.port);
    config.bulk_address = "tcp://" + address.host + ":" + std::to_string(address.port + 1);
  }
  if (const auto bulk = listen->find("bulk")) {
    const Address address = read_address(*bulk);
    config.bulk_address = "tcp://" + address.host + ":" + std::to_string(address.port);
  }
}

std::uint16_t port_of(const std::string& address) {
  std::uint16_t port = 0;
  const std::size_t colon = address.rfind(':');
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
  return port;
}

/// The machine's own name, when nobody says how agents reach it.
std::string own_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

void read_advertise(const YamlNode& root, CoordinatorConfig& config) {
  if (const auto advertise = root.find("advertise")) {
    for (const YamlNode& item : advertise->items()) {
      const auto endpoint = protocol::parse_endpoint(item.text());
      if (!endpoint) item.refuse("'" + item.text() + "' is not HOST, HOST:CONTROL or HOST:CONTROL:BULK");
      config.advertise.push_back(*endpoint);
    }
    if (config.advertise.empty())
      advertise->refuse("at least one address is needed, by which agents reach this machine");
    return;
  }
  config.advertise = {{own_name(), port_of(config.control_address), port_of(config.bulk_address)}};
}

std::string without_brackets(const std::string& host) {
  return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

bool is_loopback(const std::string& address) {
  in_addr four{};
  in6_addr six{};
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  return ::inet_pton(AF_INET6, address.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

void read_http(const YamlNode& root, CoordinatorConfig& config) {
  const auto http = root.find("http");
  if (!http) return;
  http->allow_keys({"listen", "socket", "socket_group", "allowed_hosts", "allowed_origins"});
  if (const auto listen = http->find("listen")) {
    if (listen->text() == "none") {
      config.api.listen_address.clear();
    } else {
      const Address address = read_address(*listen);
      config.api.listen_address = without_brackets(address.host);
      config.api.listen_port = address.port;
      if (!is_loopback(config.api.listen_address)) {
        listen->refuse("'" + listen->text() +
                       "' is no loopback address such as 127.0.0.1:8765: the API does not speak TLS itself, and tokens "
                       "must not cross a network in clear. From another machine use `ssh -L 8765:127.0.0.1:8765`, or "
                       "put a TLS proxy in front; see switchyard-coordinator(8), REACHING THE API");
      }
    }
  }
  config.api.unix_socket = http->text_or("socket", config.api.unix_socket.string());
  config.api.socket_group = http->text_or("socket_group", config.api.socket_group);
  config.api.allowed_hosts = http->texts_or_none("allowed_hosts");
  config.api.allowed_origins = http->texts_or_none("allowed_origins");
}

void read_hosts(const YamlNode& root, CoordinatorConfig& config) {
  const auto hosts = root.find("hosts");
  if (!hosts) return;
  hosts->allow_keys({"components_root", "units_root"});
  config.host_roots.components = hosts->text_or("components_root", config.host_roots.components);
  config.host_roots.units = hosts->text_or("units_root", config.host_roots.units);
}

std::int64_t read_utc(const YamlNode& node) {
  const auto wall_ms = access::parse_utc(node.text());
  if (!wall_ms) node.refuse("'" + node.text() + "' is no time in UTC such as 2026-12-23T16:00Z");
  return *wall_ms;
}

/// From one moment to another, or at times that come again.
access::FreezeWindow read_freeze_window(const YamlNode& node) {
  node.allow_keys({"from", "to", "cron", "hours", "reason"});
  access::FreezeWindow window;
  window.reason = node.text_or("reason", "");
  if (const auto cron = node.find("cron")) {
    if (node.find("from") || node.find("to")) node.refuse("give `cron` and `hours`, or `from` and `to`");
    window.cron = access::parse_cron(cron->text());
    if (!window.cron) {
      cron->refuse("'" + cron->text() +
                   "' are not the five fields of a crontab: minute, hour, day of the month, month, day of the week; "
                   "for example \"0 16 * * fri\"");
    }
    if (!window.cron->has_a_day()) cron->refuse("'" + cron->text() + "' is on no day of the calendar");
    const std::int64_t hours = node.at("hours").integer(1, limits::freeze_minutes_max / 60);
    window.length_ms = hours * 60 * access::minute_ms;
    window.text = "`" + cron->text() + "` for " + std::to_string(hours) + " h";
    return window;
  }
  if (const auto hours = node.find("hours")) hours->refuse("`hours` is how long a window lasts that begins by `cron`");
  window.from_wall_ms = read_utc(node.at("from"));
  window.to_wall_ms = read_utc(node.at("to"));
  if (window.to_wall_ms <= window.from_wall_ms) node.at("to").refuse("it ends before it begins");
  window.text = access::utc_text(window.from_wall_ms) + " to " + access::utc_text(window.to_wall_ms);
  return window;
}

std::vector<access::FreezeWindow> read_freeze_windows(const YamlNode& environment) {
  std::vector<access::FreezeWindow> windows;
  const auto list = environment.find("freeze_windows");
  if (!list) return windows;
  for (const YamlNode& item : list->items()) windows.push_back(read_freeze_window(item));
  if (windows.size() > limits::freeze_windows_max) {
    list->refuse("more than " + std::to_string(limits::freeze_windows_max) + " freeze windows");
  }
  return windows;
}

access::EnvironmentRule read_environment(const std::string& name, const YamlNode& node) {
  node.allow_keys({"approvals", "self_approval", "require_mfa", "approve_rollbacks", "approve_configuration",
                   "approve_high_risk", "production", "freeze_windows", "keep_snapshots", "snapshot_days"});
  access::EnvironmentRule rule;
  rule.approvals = static_cast<std::uint32_t>(node.integer_or("approvals", 0, limits::approvals_needed_max, 0));
  rule.approve_configuration =
      static_cast<std::uint32_t>(node.integer_or("approve_configuration", 0, limits::approvals_needed_max, 0));
  rule.approve_high_risk =
      static_cast<std::uint32_t>(node.integer_or("approve_high_risk", 0, limits::approvals_needed_max, 0));
  rule.none_for_anybody = rule.approvals == 0 && node.find("approvals");
  if (const auto self = node.find("self_approval")) {
    rule.self_approval = static_cast<access::SelfApproval>(self->choice({"never", "with_totp"}));
  }
  rule.freeze_windows = read_freeze_windows(node);
  rule.keep_snapshots = static_cast<std::uint32_t>(
      node.integer_or("keep_snapshots", 1, limits::keep_snapshots_max, limits::keep_snapshots_default));
  rule.snapshot_days = static_cast<std::uint32_t>(node.integer_or("snapshot_days", 0, limits::snapshot_days_max, 0));
  rule.require_mfa = node.boolean_or("require_mfa", false);
  rule.approve_rollbacks = node.boolean_or("approve_rollbacks", false);
  rule.production = node.boolean_or("production", access::is_production_by_default(name, rule.approvals));
  if (!rule.asks_for_any() && (rule.require_mfa || node.find("self_approval"))) {
    node.refuse(
        "`require_mfa` and `self_approval` say how approvals are given, and none is asked for here: set `approvals` to "
        "1 or more");
  }
  if (rule.approvals == 0 && rule.approve_rollbacks) {
    node.refuse(
        "`approve_rollbacks` says that rollbacks too take the approvals that are asked for here, and none is: set "
        "`approvals` to 1 or more");
  }
  return rule;
}

void read_environments(const YamlNode& root, CoordinatorConfig& config) {
  const auto environments = root.find("environments");
  if (!environments) return;
  for (const auto& [name, node] : environments->entries()) {
    if (!is_name(name)) node.refuse("'" + name + "' is no name of an environment: a-z, 0-9, '.', '_', '-'");
    config.environments.emplace(name, read_environment(name, node));
  }
}

void read_map(const YamlNode& root, CoordinatorConfig& config) {
  root.allow_keys(
      {"listen", "advertise", "http", "state_directory", "hosts", "keep_releases", "log_level", "environments"});
  read_listen(root, config);
  read_http(root, config);
  read_hosts(root, config);
  read_environments(root, config);
  config.state_directory = root.text_or("state_directory", config.state_directory.string());
  if (!config.state_directory.is_absolute()) root.at("state_directory").refuse("an absolute path is needed");
  config.keep_releases = static_cast<std::uint32_t>(
      root.integer_or("keep_releases", 1, limits::keep_releases_max, limits::keep_releases_default));
  if (const auto level = root.find("log_level")) {
    config.log_level = static_cast<log::Level>(level->choice({"debug", "info", "warning", "error"}));
  }
  read_advertise(root, config);
}

std::filesystem::path beneath(const std::filesystem::path& root, const std::filesystem::path& path) {
  if (root.empty() || path.empty()) return path;
  return root / path.relative_path();
}

}  // namespace

CoordinatorConfig read_coordinator_config(std::string_view text, const std::string& file_name,
                                          const std::filesystem::path& root) {
  CoordinatorConfig config;
  const YamlNode file = read_yaml(text, file_name);
  if (file.is_null()) {
    config.advertise = {{own_name(), port_of(config.control_address), port_of(config.bulk_address)}};
  } else {
    read_map(file, config);
  }
  config.state_directory = beneath(root, config.state_directory);
  config.api.unix_socket = beneath(root, config.api.unix_socket);
  config.api.state_directory = config.state_directory;
  return config;
}

CoordinatorConfig load_coordinator_config(const std::filesystem::path& file, bool named,
                                          const std::filesystem::path& root) {
  const auto text = PosixFileSystem().read(file);
  if (!text && named) {
    throw InputError(file.string() + ": there is no such file; give another with --config, or none for the defaults");
  }
  return read_coordinator_config(text.value_or(""), file.string(), root);
}

}  // namespace switchyard
