#include "coordinator/planner/unit_file.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>

#include "common/ensure.hpp"

namespace switchyard::planner {

namespace {

constexpr std::uint16_t first_unprivileged_port = 1024;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-./:=@,+").find(c) != std::string_view::npos;
}

std::string quote(std::string_view text, bool dollars) {
  std::string result;
  for (char c : text) {
    // % starts a specifier of systemd, $ a variable; both stand for themselves when doubled.
    if (c == '%' || (dollars && c == '$')) result += c;
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) return result;
  return "\"" + result + "\"";
}

/// For settings that systemd reads to the end of the line, without quotes.
std::string escape_specifiers(std::string_view text) {
  std::string result;
  for (char c : text) result += c == '%' ? std::string("%%") : std::string(1, c);
  return result;
}

std::string line(std::string_view key, const std::string& value) { return std::string(key) + "=" + value + "\n"; }

std::string exec_start(const model::Component& component, const SlotPlace& place) {
  ENSURE(!component.service.command.empty());
  const VariableValues values = place.values();
  std::string result;
  for (const std::string& word : component.service.command) {
    const std::string expanded = expand_variables(word, values);
    result += result.empty() ? quote_for_exec(program_path(expanded, place)) : " " + quote_for_exec(expanded);
  }
  return result;
}

std::string environment_lines(const model::Component& component, const SlotPlace& place) {
  std::string result;
  for (const auto& [name, value] : service_environment(component, place))
    result += line("Environment", quote_for_environment(name, value));
  return result;
}

/// What the service is configured by: variables that systemd reads from a file, or a credential, which systemd (alone)
/// puts into a directory that the service (alone) reads.
std::string configuration_lines(const model::Component& component, const HostLayout& layout) {
  if (!component.service.configuration || !component.service.delivery) return {};
  const model::ConfigurationPlace& place = *component.service.configuration;
  const model::ConfigurationDelivery& delivery = *component.service.delivery;
  const std::string path =
      layout.components_root + "/" + component.name + "/configuration/" + delivery.digest + "/" + place.file;
  if (place.format == model::ConfigurationFormat::env) return line("EnvironmentFile", escape_specifiers(path));
  // %d is the directory of the unit's credentials.
  return line(delivery.encrypted ? "LoadCredentialEncrypted" : "LoadCredential",
              place.file + ":" + escape_specifiers(path)) +
         line("Environment", "SWITCHYARD_CONFIGURATION=%d/" + place.file);
}

std::string limit_lines(const model::ResourceLimits& limits) {
  std::string result;
  if (limits.cpu_millicores) {
    const std::uint32_t tenths = *limits.cpu_millicores % 10;
    const std::string percent = std::to_string(*limits.cpu_millicores / 10);
    result += line("CPUQuota", percent + (tenths == 0 ? "" : "." + std::to_string(tenths)) + "%");
  }
  if (limits.memory_bytes) result += line("MemoryMax", std::to_string(*limits.memory_bytes));
  return result;
}

std::string user_lines(const model::Component& component, const SlotPlace& place) {
  const std::string& user = component.service.user;
  const bool low_port = place.port != 0 && place.port < first_unprivileged_port;
  std::string result = user.empty() ? line("DynamicUser", "yes") : line("User", user);
  if (user != "root") {
    // Whoever runs it has no right of root but, where it needs that, to listen on its port.
    result += line("CapabilityBoundingSet", low_port ? "CAP_NET_BIND_SERVICE" : "");
    if (low_port) result += line("AmbientCapabilities", "CAP_NET_BIND_SERVICE");
  }
  return result;
}

constexpr std::string_view sandbox_lines =
    "NoNewPrivileges=yes\n"
    "PrivateDevices=yes\n"
    "PrivateTmp=yes\n"
    "ProtectSystem=full\n"
    "ProtectHome=read-only\n"
    "ProtectClock=yes\n"
    "ProtectControlGroups=yes\n"
    "ProtectHostname=yes\n"
    "ProtectKernelLogs=yes\n"
    "ProtectKernelModules=yes\n"
    "ProtectKernelTunables=yes\n"
    "LockPersonality=yes\n"
    "RestrictRealtime=yes\n"
    "RestrictSUIDSGID=yes\n"
    "SystemCallArchitectures=native\n"
    "UMask=0027\n";

std::string whole_unit(const model::Component& component, const SlotPlace& place, const HostLayout& layout) {
  std::string text =
      "# Written by Switchyard for the component " + place.component + ". The next deployment writes it anew.\n";
  text += "[Unit]\n";
  text += line("Description", place.component + " " + short_id(place.release) + " (" + place.slot + ")");
  text += "Wants=network-online.target\n";
  // Not after switchyard-resume.service, although that decides at boot what serves: it starts this very unit when it
  // must, and waits for it. Each would wait for the other.
  text += "After=network-online.target\n";
  // A service that its health checks have accepted is started again for as long as it takes.
  text += "StartLimitIntervalSec=0\n";
  text += "\n[Service]\nType=exec\n";
  text += line("WorkingDirectory", escape_specifiers(place.release_dir));
  text += line("ExecStart", exec_start(component, place));
  text += user_lines(component, place);
  text += environment_lines(component, place);
  text += configuration_lines(component, layout);
  text += limit_lines(component.service.limits);
  text += "Restart=on-failure\nRestartSec=1\n";
  text += "KillMode=mixed\nKillSignal=SIGTERM\n";
  text += line("TimeoutStopSec", std::to_string(component.service.stop_timeout_ms / 1'000));
  text += sandbox_lines;
  text += "\n[Install]\nWantedBy=multi-user.target\n";
  return text;
}

std::string drop_in(const model::Component& component, const SlotPlace& place, const HostLayout& layout) {
  std::string text =
      "# Written by Switchyard for the component " + place.component + ". The next deployment writes it anew.\n";
  text += "[Service]\n";
  text += line("WorkingDirectory", escape_specifiers(place.release_dir));
  text += environment_lines(component, place);
  text += configuration_lines(component, layout);
  text += limit_lines(component.service.limits);
  return text;
}

}  // namespace

std::map<std::string, std::string> service_environment(const model::Component& component, const SlotPlace& place) {
  const VariableValues values = place.values();
  std::map<std::string, std::string> variables;
  for (const auto& [name, value] : component.service.environment) variables[name] = expand_variables(value, values);
  if (place.port != 0) variables["PORT"] = std::to_string(place.port);
  variables["SWITCHYARD_COMPONENT"] = place.component;
  variables["SWITCHYARD_SLOT"] = place.slot;
  variables["SWITCHYARD_RELEASE"] = place.release.str();
  variables["SWITCHYARD_RELEASE_DIR"] = place.release_dir;
  variables["SWITCHYARD_SHARED_DIR"] = place.shared_dir;
  return variables;
}

std::uint16_t port_of_unit_file(std::string_view content) {
  constexpr std::string_view key = "\nEnvironment=PORT=";
  const std::size_t at = content.find(key);
  if (at == std::string_view::npos) return 0;
  const std::string_view digits = content.substr(at + key.size());
  std::uint16_t port = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return port;
}

std::string program_path(const std::string& word, const SlotPlace& place) {
  if (word.starts_with('/') || word.find('/') == std::string::npos) return word;
  const std::string_view inside = word.starts_with("./") ? std::string_view(word).substr(2) : std::string_view(word);
  return place.release_dir + "/" + std::string(inside);
}

std::set<std::string> programs_in_release(const model::Component& component, const std::vector<std::string>& command) {
  std::set<std::string> paths;
  if (command.empty()) return paths;
  for (const char* slot : {"blue", "green"}) {
    const SlotPlace place = place_in_slot(component, slot, ReleaseId("release"), {"/components", "/units"});
    const std::filesystem::path program = program_path(expand_variables(command.front(), place.values()), place);
    const std::filesystem::path inside = program.lexically_normal().lexically_relative(place.release_dir);
    const bool within = program.is_absolute() && !inside.empty() && *inside.begin() != "..";
    if (within) paths.insert(inside.string());
  }
  return paths;
}

std::string quote_for_exec(std::string_view word) { return quote(word, true); }

std::string quote_for_environment(std::string_view name, std::string_view value) {
  return quote(std::string(name) + "=" + std::string(value), false);
}

protocol::EnsureFile unit_file(const model::Component& component, const SlotPlace& place, const HostLayout& layout) {
  protocol::EnsureFile file;
  if (component.service.unit.empty()) {
    file.path = layout.units_root + "/" + place.unit;
    file.content = whole_unit(component, place, layout);
  } else {
    file.path = layout.units_root + "/" + place.unit + ".d/50-switchyard.conf";
    file.content = drop_in(component, place, layout);
  }
  return file;
}

}  // namespace switchyard::planner
