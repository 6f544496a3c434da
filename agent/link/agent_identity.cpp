#include "agent/link/agent_identity.hpp"

#include "common/error.hpp"
#include "common/hex.hpp"
#include "common/yaml_reader.hpp"
#include "protocol/enrolment.hpp"

namespace switchyard::agent {
namespace {

constexpr const char* file_name = "identity.yaml";
constexpr const char* next_keys_file = "next-keys.yaml";

/// Throws InputError at a node that holds no key.
protocol::CoordinatorKeys read_keys(const YamlNode& root) {
  protocol::CoordinatorKeys keys{root.at("server_key").text(), {}};
  if (!protocol::is_curve_key(keys.server_public_key)) root.at("server_key").refuse("not a key; enrol this host again");
  const auto plan_key = from_hex(root.at("plan_key").text());
  if (!plan_key || plan_key->size() != 32) root.at("plan_key").refuse("not a key; enrol this host again");
  keys.plan_public_key = *plan_key;
  return keys;
}

std::string keys_text(const protocol::CoordinatorKeys& keys) {
  // Single quotes: Z85 holds no quote of either kind, but it holds what YAML would read otherwise.
  return "server_key: '" + keys.server_public_key + "'\nplan_key: \"" + to_hex(keys.plan_public_key) + "\"\n";
}

std::optional<protocol::CoordinatorKeys> load_next_keys(const FileSystem& files, const std::filesystem::path& path) {
  const std::optional<std::string> text = files.read(path);
  if (!text) return std::nullopt;
  const YamlNode root = read_yaml(*text, path.string());
  root.allow_keys({"server_key", "plan_key"});
  return read_keys(root);
}

}  // namespace

std::optional<AgentIdentity> load_identity(const FileSystem& files, const std::filesystem::path& state) {
  const std::filesystem::path path = state / file_name;
  const std::optional<std::string> text = files.read(path);
  if (!text) return std::nullopt;
  const YamlNode root = read_yaml(*text, path.string());
  root.allow_keys({"host", "endpoints", "server_key", "plan_key"});
  AgentIdentity identity;
  identity.host = HostId(root.at("host").name());
  for (const YamlNode& node : root.at("endpoints").items()) {
    const auto endpoint = protocol::parse_endpoint(node.text());
    if (!endpoint) node.refuse("'" + node.text() + "' is no endpoint; enrol this host again");
    identity.endpoints.push_back(*endpoint);
  }
  const protocol::CoordinatorKeys keys = read_keys(root);
  identity.server_public_key = keys.server_public_key;
  identity.plan_public_key = keys.plan_public_key;
  identity.next_keys = load_next_keys(files, state / next_keys_file);
  if (identity.next_keys == keys) identity.next_keys.reset();  // cut short between the two files
  return identity;
}

void save_identity(FileSystem& files, const std::filesystem::path& state, const AgentIdentity& identity) {
  std::string text = "# Written by `switchyard-agent enroll`. Not to be edited: enrol again instead.\n";
  text += "host: \"" + identity.host.str() + "\"\nendpoints:\n";
  for (const protocol::Endpoint& endpoint : identity.endpoints)
    text += "  - \"" + protocol::endpoint_text(endpoint) + "\"\n";
  text += keys_text({identity.server_public_key, identity.plan_public_key});
  files.write_atomically(state / file_name, text, 0600);
  if (!identity.next_keys) return files.remove(state / next_keys_file);
  files.write_atomically(state / next_keys_file,
                         "# Announced by the coordinator: its next keys.\n" + keys_text(*identity.next_keys), 0600);
}

}  // namespace switchyard::agent
