#include "agent/link/agent_identity.hpp"

#include "common/error.hpp"
#include "common/hex.hpp"
#include "common/yaml_reader.hpp"
#include "protocol/enrolment.hpp"

namespace switchyard::agent {
namespace {

constexpr const char* file_name = "identity.yaml";

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
  identity.server_public_key = root.at("server_key").text();
  if (!protocol::is_curve_key(identity.server_public_key))
    root.at("server_key").refuse("not a key; enrol this host again");
  const auto plan_key = from_hex(root.at("plan_key").text());
  if (!plan_key || plan_key->size() != 32) root.at("plan_key").refuse("not a key; enrol this host again");
  identity.plan_public_key = *plan_key;
  return identity;
}

void save_identity(FileSystem& files, const std::filesystem::path& state, const AgentIdentity& identity) {
  std::string text = "# Written by `switchyard-agent enroll`. Not to be edited: enrol again instead.\n";
  text += "host: \"" + identity.host.str() + "\"\nendpoints:\n";
  for (const protocol::Endpoint& endpoint : identity.endpoints)
    text += "  - \"" + protocol::endpoint_text(endpoint) + "\"\n";
  // Single quotes: Z85 holds no quote of either kind, but it holds what YAML would read otherwise.
  text += "server_key: '" + identity.server_public_key + "'\n";
  text += "plan_key: \"" + to_hex(identity.plan_public_key) + "\"\n";
  files.write_atomically(state / file_name, text, 0600);
}

}  // namespace switchyard::agent
