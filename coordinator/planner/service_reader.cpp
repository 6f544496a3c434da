#include "coordinator/planner/service_reader.hpp"

#include <algorithm>
#include <filesystem>

#include "coordinator/planner/variables.hpp"

namespace switchyard::planner {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// What a unit file's line may hold: variables are checked, and no control character breaks the line.
std::string line_text(const YamlNode& node) {
  std::string text = node.text();
  if (const auto trouble = variable_trouble(text)) node.refuse(node.label() + ": " + *trouble);
  const bool controls = std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == 127; });
  if (controls)
    node.refuse(node.label() + " has a line break or another control character; a unit file cannot hold it");
  return text;
}

/// systemd gives a meaning to some characters at the start of a program's path, and to `$` within.
bool is_program(std::string_view text) {
  if (text.empty() || text.front() == '-' || text.front() == '+' || text.front() == '@') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || std::string_view("/._-+@=,~ ").find(c) != std::string_view::npos;
  });
}

/// A path that is taken from the release's directory, and leads out of it.
bool leaves_release(const std::string& program) {
  const VariableValues sample{1, "blue", "/r", "c", "/s"};
  const std::filesystem::path path = expand_variables(program, sample);
  return path.is_relative() && path.lexically_normal().begin()->string() == "..";
}

bool is_user_name(std::string_view text) {
  if (text.empty() || text.size() > 31 || !(is_letter(text.front()) && (text.front() < 'A' || text.front() > 'Z'))) {
    return false;
  }
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (is_letter(c) && (c < 'A' || c > 'Z')) || is_digit(c) || c == '-'; });
}

/// argv. The program is checked, and whatever a line of a unit file could not hold is refused.
std::vector<std::string> read_words(const YamlNode& command) {
  if (!command.is_list()) {
    command.refuse(command.label() +
                   " must be a list of words, since no shell reads it: [bin/server, --port, \"${port}\"]");
  }
  const std::vector<YamlNode> nodes = command.items();
  std::vector<std::string> words;
  words.reserve(nodes.size());
  for (const YamlNode& word : nodes) words.push_back(line_text(word));
  if (words.empty() || words.front().empty()) command.refuse(command.label() + " names no program");
  const std::string& name = words.front();
  const VariableValues sample{1, "blue", "/r", "c", "/s"};
  if (!is_program(expand_variables(name, sample))) {
    command.refuse(command.label() + " begins with \"" + name + "\", which systemd would not take " +
                   "for a program; use a path or a name of letters, digits and . _ - + /");
  }
  if (leaves_release(name)) {
    nodes.front().refuse(command.label() + " begins with \"" + name +
                         "\", which leaves the release's directory; name " +
                         "a file of the artifact, or a program of the host by its absolute path");
  }
  return words;
}

void read_environment(const YamlNode& node, model::Service& service) {
  for (const auto& [name, value] : node.entries()) {
    const bool good = !name.empty() && is_letter(name.front()) &&
                      std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c); });
    if (!good) value.refuse("`" + name + "` is no name of an environment variable; use letters, digits and `_`");
    if (name == "PORT" || name.starts_with("SWITCHYARD_")) {
      value.refuse("`" + name +
                   "` is set for each slot by the deployment itself; use ${port}, ${slot} or ${release_dir} " +
                   "under a name of your own");
    }
    service.environment[name] = line_text(value);
  }
}

bool is_file_name(std::string_view text) {
  constexpr std::size_t length_max = 64;
  return !text.empty() && text.size() <= length_max && text.front() != '.' && text.front() != '-' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '-'; });
}

model::ConfigurationPlace read_configuration(const YamlNode& node) {
  node.allow_keys({"format", "file"});
  model::ConfigurationPlace place;
  place.format = static_cast<model::ConfigurationFormat>(node.at("format").choice({"json", "yaml", "env"}));
  const auto file = node.find("file");
  if (place.format == model::ConfigurationFormat::env) {
    if (file) file->refuse(file->label() + " is only for json and yaml: `env` sets variables of the service's process");
    place.file = "environment";
    return place;
  }
  if (!file) node.refuse(node.label() + " needs `file: NAME`, as the service looks for it in $CREDENTIALS_DIRECTORY");
  place.file = file->text();
  if (!is_file_name(place.file)) {
    file->refuse(file->label() + " is \"" + place.file + "\"; use letters, digits, `_`, `-` and `.`, and no directory");
  }
  return place;
}

std::string read_template_unit(const YamlNode& node) {
  std::string unit = node.text();
  const std::string_view suffix = "@.service";
  const bool good = unit.size() > suffix.size() && unit.ends_with(suffix) &&
                    is_name(std::string_view(unit).substr(0, unit.size() - suffix.size()));
  if (good) return unit;
  node.refuse(node.label() + " is \"" + unit + "\", but it must be a template unit of the host, `name@.service`: its " +
              "instances are the slots, name@blue.service and name@green.service");
}

std::uint16_t port_of(const YamlNode& node, std::string_view key) {
  const auto found = node.find(key);
  return found ? static_cast<std::uint16_t>(found->integer(1, 65535)) : std::uint16_t{0};
}

}  // namespace

/// A command that is run once is no unit of its own making, so that nothing looks for its program.
std::vector<std::string> read_run_words(const YamlNode& command) {
  std::vector<std::string> words = read_words(command);
  if (words.front().find('/') == std::string::npos && !words.front().starts_with("${")) {
    command.refuse(command.label() + " begins with \"" + words.front() + "\", which is no path; write bin/" +
                   words.front() + " for a file of the artifact, or a program of the host by its absolute path");
  }
  return words;
}

std::string read_user(const YamlNode& node) {
  std::string user = node.text();
  if (!is_user_name(user)) node.refuse(node.label() + " is \"" + user + "\", which is no user's name");
  return user;
}

model::Service read_service(const YamlNode& node) {
  node.allow_keys({"command", "user", "environment", "unit", "configuration", "stop_timeout_seconds"});
  model::Service service;
  if (const auto command = node.find("command")) {
    service.command = read_words(*command);
    service.command_where = command->items().front().where();
  }
  if (const auto unit = node.find("unit")) service.unit = read_template_unit(*unit);
  if (!service.command.empty() && !service.unit.empty()) {
    node.refuse(node.label() +
                " has both `command` and `unit`; keep `command` for a generated unit, or `unit` for one that " +
                "the host has");
  }
  if (service.empty()) node.refuse(node.label() + " needs `command: [...]` or `unit: name@.service`");
  if (const auto user = node.find("user")) {
    service.user = read_user(*user);
    if (!service.unit.empty())
      user->refuse(user->label() + " cannot be set: the unit " + service.unit + " says who runs it");
  }
  if (const auto environment = node.find("environment")) read_environment(*environment, service);
  if (const auto configuration = node.find("configuration")) {
    service.configuration = read_configuration(*configuration);
  }
  const std::int64_t stop_seconds = node.integer_or("stop_timeout_seconds", 1, 3'600, 30);
  service.stop_timeout_ms = static_cast<std::uint32_t>(stop_seconds * 1'000);
  return service;
}

model::RunCommand read_run(const YamlNode& node, const model::Component& component) {
  node.allow_keys({"name", "when", "command", "undo", "user", "timeout_seconds", "migration"});
  model::RunCommand run;
  run.name = node.at("name").name();
  if (const auto when = node.find("when")) {
    run.phase = when->choice({"prepare", "swap"}) == 0 ? protocol::Phase::prepare : protocol::Phase::swap;
  }
  const YamlNode command = node.at("command");
  run.command = read_run_words(command);
  run.where = command.items().front().where();
  if (const auto undo = node.find("undo")) run.undo = read_run_words(*undo);
  run.user = component.service.user;
  if (const auto user = node.find("user")) run.user = read_user(*user);
  if (run.user.empty()) node.refuse(node.label() + " needs a `user`, since the service has none of its own");
  run.timeout_ms =
      static_cast<std::uint32_t>(node.integer_or("timeout_seconds", 1, 86'400, component.timeout_ms / 1'000) * 1'000);
  run.migration = node.boolean_or("migration", false);
  return run;
}

model::Ports read_ports(const YamlNode& node) {
  node.allow_keys({"stable", "blue", "green"});
  const model::Ports ports{port_of(node, "stable"), port_of(node, "blue"), port_of(node, "green")};
  if (ports.stable == 0 && ports.blue == 0 && ports.green == 0) {
    node.refuse(node.label() + " names no port; give `stable`, and for blue-green `blue` and `green` too");
  }
  if ((ports.blue == 0) != (ports.green == 0)) {
    node.refuse(node.label() + " has one of `blue` and `green`; give both, or only `stable`");
  }
  const bool clash = (ports.blue != 0 && ports.blue == ports.green) ||
                     (ports.stable != 0 && (ports.stable == ports.blue || ports.stable == ports.green));
  if (clash) node.refuse(node.label() + " names a port twice; stable, blue and green must differ");
  return ports;
}

void read_traffic(const YamlNode& node, model::Component& component) {
  node.allow_keys({"kind", "haproxy"});
  const std::size_t kind = node.at("kind").choice({"none", "nftables", "nginx", "haproxy"});
  component.traffic = static_cast<model::TrafficKind>(kind);
  const auto haproxy = node.find("haproxy");
  if (component.traffic != model::TrafficKind::haproxy) {
    if (haproxy) haproxy->refuse(haproxy->label() + " is only for `kind: haproxy`; remove it");
    return;
  }
  if (!haproxy)
    node.refuse(node.label() + " needs `haproxy: {socket: ..., backend: ..., servers: {blue: ..., green: ...}}`");
  haproxy->allow_keys({"socket", "backend", "servers"});
  const auto word = [](const YamlNode& at) {
    std::string text = at.text();
    // These words become part of a command line of the runtime API.
    const bool good = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
      return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == ':';
    });
    if (!good)
      at.refuse(at.label() + " is \"" + text + "\"; haproxy names have letters, digits, `_`, `-`, `.` and `:`");
    return text;
  };
  model::HaproxyPlace& place = component.haproxy;
  const YamlNode socket = haproxy->at("socket");
  place.socket = line_text(socket);
  if (!place.socket.starts_with('/'))
    socket.refuse(socket.label() + " must be an absolute path: /run/haproxy/admin.sock");
  place.backend = word(haproxy->at("backend"));
  const YamlNode servers = haproxy->at("servers");
  servers.allow_keys({"blue", "green"});
  place.blue = word(servers.at("blue"));
  place.green = word(servers.at("green"));
  if (place.blue == place.green)
    servers.refuse(servers.label() + " names one server twice; blue and green must differ");
}

}  // namespace switchyard::planner
