#include "coordinator/planner/probe_kind_reader.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "common/limits.hpp"
#include "coordinator/planner/variables.hpp"
#include "coordinator/planner/yaml_json.hpp"
#include "protocol/text.hpp"

namespace switchyard::planner {

namespace {

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

}  // namespace

std::string checked_text(const YamlNode& node) {
  std::string text = node.text();
  if (const auto trouble = variable_trouble(text)) node.refuse(node.label() + ": " + *trouble);
  return text;
}

std::string read_url(const YamlNode& node) {
  std::string url = checked_text(node);
  const bool plain = std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 127; });
  if (!url.starts_with("http://") || url.size() == 7 || !plain) {
    node.refuse(node.label() + " is \"" + url +
                "\", but it must begin with http:// and have no blanks (checks run on the host itself, without TLS)");
  }
  if (has_bad_port(url)) node.refuse(node.label() + " is \"" + url + "\", but a port is a number from 1 to 65535");
  return url;
}

std::vector<std::uint16_t> read_expected_status(const YamlNode& config) {
  std::vector<std::uint16_t> expected;
  const auto status = config.find("expected_status");
  if (!status) return expected;
  const std::vector<YamlNode> list = status->is_list() ? status->items() : std::vector<YamlNode>{*status};
  for (const YamlNode& item : list) expected.push_back(static_cast<std::uint16_t>(item.integer(100, 599)));
  return expected;
}

std::map<std::string, std::string> read_headers(const YamlNode& config) {
  std::map<std::string, std::string> read;
  const auto headers = config.find("headers");
  if (!headers) return read;
  for (const auto& [name, value] : headers->entries()) {
    const std::string text = checked_text(value);
    const bool token = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
    if (!token || has_controls(text)) {
      value.refuse("`" + name + "` is no HTTP header of one line; names have letters, digits and `-`");
    }
    read[name] = text;
  }
  return read;
}

namespace {

protocol::HttpProbe read_http(const YamlNode& config) {
  config.allow_keys({"url", "expected_status", "expected_body", "headers"});
  protocol::HttpProbe probe;
  probe.url = read_url(config.at("url"));
  probe.expected_status = read_expected_status(config);
  if (const auto body = config.find("expected_body")) probe.expected_body = checked_text(*body);
  probe.headers = read_headers(config);
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

std::vector<std::string> read_argv(const YamlNode& config) {
  const YamlNode command = config.at("command");
  if (!command.is_list()) {
    command.refuse(command.label() + " must be a list of words, since no shell reads it: [curl, -f, \"http://...\"]");
  }
  std::vector<std::string> argv;
  for (const YamlNode& word : command.items()) argv.push_back(checked_text(word));
  if (argv.empty() || argv.front().empty()) command.refuse(command.label() + " names no program");
  return argv;
}

protocol::CommandProbe read_command(const YamlNode& config) {
  config.allow_keys({"command", "user"});
  return {read_argv(config), config.text_or("user", "")};
}

protocol::CustomProbe read_custom(const YamlNode& config) {
  config.allow_keys({"command", "user", "parameters"});
  protocol::CustomProbe probe{read_argv(config), config.text_or("user", ""), {}};
  const auto parameters = config.find("parameters");
  if (!parameters) return probe;
  if (!parameters->is_map()) parameters->refuse(parameters->label() + " must be a map: {limit: 10}");
  probe.config = to_json(*parameters);
  if (const auto trouble = variable_trouble(probe.config)) parameters->refuse(parameters->label() + ": " + *trouble);
  if (probe.config.size() > limits::check_definition_bytes_max) {
    parameters->refuse(parameters->label() + " is longer than " + std::to_string(limits::check_definition_bytes_max) +
                       " bytes");
  }
  return probe;
}

/// The name of a file in the host's credentials directory.
std::string read_credential_name(const YamlNode& config) {
  const auto name = config.find("credential");
  return name ? name->name() : std::string();
}

std::uint16_t read_port(const YamlNode& config, std::uint16_t otherwise) {
  return static_cast<std::uint16_t>(config.integer_or("port", 1, 65535, otherwise));
}

/// In libpq's words, so that they can be copied from where the service has them.
std::optional<protocol::TlsDemand> read_tls(const YamlNode& config) {
  const auto mode = config.find("sslmode");
  const auto authorities = config.find("sslrootcert");
  const std::size_t chosen = mode ? mode->choice({"disable", "require", "verify-ca", "verify-full"}) : 0;
  protocol::TlsDemand demand{static_cast<protocol::TlsMode>(chosen), {}};
  if (authorities) {
    demand.authorities = authorities->text();
    if (chosen == 0 || demand.mode == protocol::TlsMode::require) {
      authorities->refuse(authorities->label() +
                          " is looked at with `sslmode: verify-ca` and `verify-full` only; name one of them");
    }
    if (!demand.authorities.starts_with('/') || has_controls(demand.authorities)) {
      authorities->refuse(authorities->label() + " is \"" + demand.authorities +
                          "\", but it must be the absolute path of a file of certificates on the host");
    }
  }
  if (chosen == 0) return std::nullopt;
  return demand;
}

protocol::DatabaseProbe read_database(const YamlNode& config) {
  config.allow_keys({"host", "port", "user", "database", "query", "credential", "sslmode", "sslrootcert"});
  constexpr std::uint16_t postgresql_port = 5432;
  protocol::DatabaseProbe probe;
  probe.host = config.text_or("host", "127.0.0.1");
  probe.port = read_port(config, postgresql_port);
  probe.user = config.text_or("user", "postgres");
  probe.database = config.text_or("database", probe.user);
  probe.query = config.text_or("query", "SELECT 1");
  probe.credential = read_credential_name(config);
  probe.tls = read_tls(config);
  return probe;
}

protocol::QueueProbe read_queue(const YamlNode& config) {
  config.allow_keys({"host", "port", "user", "credential"});
  constexpr std::uint16_t redis_port = 6379;
  protocol::QueueProbe probe;
  probe.host = config.text_or("host", "127.0.0.1");
  probe.port = read_port(config, redis_port);
  probe.user = config.text_or("user", "");
  probe.credential = read_credential_name(config);
  if (!probe.user.empty() && probe.credential.empty()) config.refuse("a `user` signs in with a `credential`; name one");
  return probe;
}

std::string read_checked_path(const YamlNode& config) {
  const YamlNode path = config.at("path");
  std::string text = checked_text(path);
  if (!text.starts_with('/') && !text.starts_with("${release_dir}") && !text.starts_with("${shared_dir}")) {
    path.refuse(path.label() + " is \"" + text +
                "\", but it must be an absolute path, or begin with ${release_dir} or ${shared_dir}");
  }
  return text;
}

std::uint64_t read_megabytes(const YamlNode& config, const char* key) {
  return static_cast<std::uint64_t>(config.integer_or(key, 0, 1'000'000'000, 0));
}

/// Storage that is a directory: what services put there can be read and written.
protocol::FileSystemProbe read_storage_directory(const YamlNode& config) {
  for (const char* key : {"url", "region", "access_key", "credential"}) {
    if (const auto other = config.find(key)) {
      other->refuse("`" + std::string(key) +
                    "` is of a store with a `url`, and this one is a directory: it has `path`");
    }
  }
  protocol::FileSystemProbe probe;
  probe.path = read_checked_path(config);
  probe.check_readable = true;
  probe.check_writable = true;
  probe.min_free_space_mb = read_megabytes(config, "min_free_space_mb");
  return probe;
}

protocol::StorageProbe read_store(const YamlNode& config) {
  if (const auto space = config.find("min_free_space_mb")) space->refuse("`min_free_space_mb` goes with a `path`");
  protocol::StorageProbe probe;
  const YamlNode url = config.at("url");
  probe.url = read_url(url);
  const std::string_view after = std::string_view(probe.url).substr(std::string_view("http://").size());
  const std::size_t slash = after.find('/');
  const std::string_view bucket = slash == std::string_view::npos ? "" : after.substr(slash + 1);
  const bool clean = std::all_of(bucket.begin(), bucket.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-' || c == '/';
  });
  if (bucket.empty() || bucket.ends_with('/') || !clean) {
    url.refuse(url.label() + " is \"" + probe.url + "\", but it must name a bucket: http://127.0.0.1:9000/bucket");
  }
  probe.region = config.text_or("region", "us-east-1");
  probe.access_key = config.at("access_key").text();
  probe.credential = config.at("credential").name();
  return probe;
}

ProbeKind read_storage(const YamlNode& config) {
  config.allow_keys({"url", "region", "access_key", "credential", "path", "min_free_space_mb"});
  if (config.find("path")) return read_storage_directory(config);
  return read_store(config);
}

protocol::ResourcesProbe read_resources(const YamlNode& config) {
  config.allow_keys({"max_cpu_percent", "min_free_memory_mb", "min_free_space_mb", "path"});
  protocol::ResourcesProbe probe;
  probe.max_cpu_percent = static_cast<std::uint32_t>(config.integer_or("max_cpu_percent", 0, 100, 0));
  probe.min_free_memory_mb =
      static_cast<std::uint64_t>(config.integer_or("min_free_memory_mb", 0, limits::resource_mb_max, 0));
  probe.min_free_space_mb =
      static_cast<std::uint64_t>(config.integer_or("min_free_space_mb", 0, limits::resource_mb_max, 0));
  probe.path = "/";
  if (const auto path = config.find("path")) probe.path = checked_text(*path);
  if (probe.max_cpu_percent == 0 && probe.min_free_memory_mb == 0 && probe.min_free_space_mb == 0) {
    config.refuse("asks for nothing; name one of max_cpu_percent, min_free_memory_mb, min_free_space_mb");
  }
  return probe;
}

protocol::FileSystemProbe read_file_system(const YamlNode& config) {
  config.allow_keys({"path", "check_readable", "check_writable", "min_free_space_mb"});
  protocol::FileSystemProbe probe;
  probe.path = read_checked_path(config);
  probe.check_readable = config.boolean_or("check_readable", false);
  probe.check_writable = config.boolean_or("check_writable", false);
  probe.min_free_space_mb = read_megabytes(config, "min_free_space_mb");
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

}  // namespace

ProbeKind read_probe_kind(const YamlNode& check) {
  const YamlNode config = check.at("config");
  const YamlNode type = check.at("type");
  switch (type.choice({"http", "tcp", "command", "file_system", "unit", "custom", "database", "queue", "storage",
                       "resources", "smoke", "container"})) {
    case 0:
      return read_http(config);
    case 1:
      return read_tcp(config);
    case 2:
      return read_command(config);
    case 3:
      return read_file_system(config);
    case 4:
      return read_unit(config);
    case 5:
      return read_custom(config);
    case 6:
      return read_database(config);
    case 7:
      return read_queue(config);
    case 8:
      return read_storage(config);
    case 9:
      return read_resources(config);
    case 10:
      return read_smoke(config);
    default:
      type.refuse(type.label() + " is `container`, but this version runs no containers; they come with Docker");
  }
}

}  // namespace switchyard::planner
