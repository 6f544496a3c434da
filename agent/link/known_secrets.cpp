#include "agent/link/known_secrets.hpp"

#include <string>
#include <variant>

#include "common/error.hpp"
#include "common/log.hpp"
#include "protocol/configuration_box.hpp"
#include "protocol/plan.hpp"
#include "protocol/zmq_curve_keys.hpp"

namespace switchyard::agent {
namespace {

void learn(const protocol::Action& action, const std::string& secret_key, std::vector<std::string>& secrets) {
  const auto* box = std::get_if<protocol::EnsureConfiguration>(&action);
  if (box == nullptr) return;
  const auto content = protocol::open_configuration(secret_key, *box);
  if (content) secrets.insert(secrets.end(), content->secrets.begin(), content->secrets.end());
}

}  // namespace

void learn_secrets(const std::vector<JournalRecord>& journal, const std::filesystem::path& key_file, SecretMask& mask) {
  try {
    const std::string secret_key = protocol::load_curve_keys(key_file).secret;
    std::vector<std::string> secrets;
    for (const JournalRecord& record : journal) {
      if (record.kind != RecordKind::plan) continue;
      for (const protocol::SliceComponent& component : protocol::decode_slice(record.plan.slice).components) {
        for (const protocol::Step& step : component.steps) {
          learn(step.action, secret_key, secrets);
          if (step.undo) learn(*step.undo, secret_key, secrets);
        }
      }
    }
    mask.add(secrets);
  } catch (const Error& error) {
    log::warning("the secrets of deployments that are under way are not known, and not masked on this host",
                 {{"why", error.what()}});
  }
}

}  // namespace switchyard::agent
