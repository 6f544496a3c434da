#include "coordinator/fleet/secret_book.hpp"

#include <algorithm>

#include "common/crypto.hpp"
#include "common/error.hpp"
#include "common/hex.hpp"
#include "common/ids.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "common/planted.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/fleet/rehearsal.hpp"

namespace switchyard::fleet {
namespace {

constexpr std::size_t nonce_bytes = 12;

/// Neither part has the character between them.
std::string bound_to(const model::SecretRow& row) {
  return row.environment + "/" + row.name + "/" + std::to_string(row.version);
}

SecretView view_of(const model::SecretRow& row) {
  return {row.environment, row.name, row.version, row.created_by, row.created_wall_ms};
}

Refusal unknown_secret(const std::string& environment, const std::string& name) {
  return {
      404,
      "unknown_secret",
      "there is no secret " + name + " of " + environment + "; `switchyard secrets list` shows those that are there",
      {{"environment", environment}, {"name", name}}};
}

}  // namespace

void SecretBook::begin() {
  const std::vector<model::SecretRow> newest = store_.secrets();
  std::vector<EnvironmentValue> values;
  std::size_t bytes = 0;
  // Of what is older than what does not fit already nothing would be kept.
  for (std::uint64_t age = 0; age < limits::secret_versions_kept && bytes <= limits::masked_bytes_max; ++age) {
    for (const model::SecretRow& row : newest) {
      if (row.removed() || row.version <= age) continue;
      try {
        const auto opened = value(row.environment, row.name, row.version - age);
        if (!opened) continue;
        bytes += opened->size();
        values.push_back({row.environment, opened->reveal()});
      } catch (const StoreError& error) {
        log::error("a secret cannot be masked", {{"why", error.what()}});
      }
    }
  }
  std::reverse(values.begin(), values.end());
  masks_.learn_secrets(values);
}

std::optional<model::SecretRow> SecretBook::find(const std::string& environment, const std::string& name) const {
  for (model::SecretRow& row : store_.secrets()) {
    if (row.environment == environment && row.name == name) return std::move(row);
  }
  return std::nullopt;
}

std::optional<Refusal> SecretBook::refuse(const SecretRequest& request) const {
  if (!is_name(request.environment)) {
    return Refusal{400, "bad_name", "'" + request.environment + "' is not the name of an environment", {}};
  }
  if (!model::is_secret_name(request.name)) {
    return Refusal{400,
                   "bad_name",
                   "a secret's name has letters, digits and `_`, begins with no digit, and has at most 64 characters",
                   {}};
  }
  if (request.value.empty()) {
    return Refusal{400, "bad_value", "the value is empty; `switchyard secrets rm` takes a secret away", {}};
  }
  if (request.value.size() > limits::secret_bytes_max) {
    return Refusal{400,
                   "bad_value",
                   "the value has more than " + std::to_string(limits::secret_bytes_max) +
                       " bytes; keep files of data in the artifact or on the host",
                   {}};
  }
  // It becomes a line of an environment file, or a text of JSON and YAML.
  if (request.value.reveal().find('\0') != std::string::npos) {
    return Refusal{400, "bad_value", "the value holds a NUL byte; encode it in base64", {}};
  }
  return std::nullopt;
}

Answer<SecretView> SecretBook::set(const Caller& caller, const SecretRequest& request) {
  if (auto refusal = refuse(request)) return *refusal;
  const std::vector<model::SecretRow> present = store_.secrets();
  model::SecretRow row{.environment = request.environment, .name = request.name, .version = 1};
  std::size_t count = 0;
  bool is_new = true;
  for (const model::SecretRow& other : present) {
    if (!other.removed()) ++count;
    if (other.environment != row.environment || other.name != row.name) continue;
    row.version = other.version + 1;
    is_new = other.removed();
  }
  if (is_new && count >= limits::secrets_max) {
    return Refusal{409,
                   "too_many_secrets",
                   "there are " + std::to_string(limits::secrets_max) +
                       " secrets already; remove those that nobody needs (`switchyard secrets list`)",
                   {}};
  }
  if (caller.rehearses) {
    return rehearsed("version " + std::to_string(row.version) + " of the secret " + row.name + " of " +
                     row.environment + " would be set");
  }
  const std::string nonce = *from_hex(random_hex(nonce_bytes));
  row.sealed = nonce + encrypt(key_, nonce, request.value.reveal(), bound_to(row));
  row.created_by = caller.principal;
  row.created_wall_ms = clock_.wall_ms();
  try {
    store_.commit({store::PutSecret{row},
                   audit_row(clock_, caller, "secret.set", row.name,
                             PLANTED(secret_stands_in_the_audit) ? request.value.reveal() : std::string(),
                             {{"environment", row.environment}, {"version", std::to_string(row.version)}})});
  } catch (const store::ConflictError& error) {
    return Refusal{409, "conflict", error.what(), {}};
  }
  masks_.learn_secrets({{request.environment, request.value.reveal()}});
  return view_of(row);
}

Answer<bool> SecretBook::remove(const Caller& caller, const std::string& environment, const std::string& name) {
  const auto row = find(environment, name);
  if (!row || row->removed()) return unknown_secret(environment, name);
  if (caller.rehearses) {
    return rehearsed("the secret " + name + " of " + environment + " would be removed with all its versions");
  }
  store_.commit({store::DropSecret{environment, name},
                 audit_row(clock_, caller, "secret.remove", name, {},
                           {{"environment", environment}, {"version", std::to_string(row->version)}})});
  return true;
}

std::vector<SecretView> SecretBook::list() const {
  std::vector<SecretView> views;
  for (const model::SecretRow& row : store_.secrets()) {
    if (!row.removed()) views.push_back(view_of(row));
  }
  return views;
}

std::optional<std::uint64_t> SecretBook::newest(const std::string& environment, const std::string& name) const {
  const auto row = find(environment, name);
  if (!row || row->removed()) return std::nullopt;
  return row->version;
}

std::optional<SecretText> SecretBook::value(const std::string& environment, const std::string& name,
                                            std::uint64_t version) const {
  const auto row = store_.secret(environment, name, version);
  if (!row || row->removed()) return std::nullopt;
  const std::string_view sealed = row->sealed;
  if (sealed.size() > nonce_bytes) {
    auto text = decrypt(key_, sealed.substr(0, nonce_bytes), sealed.substr(nonce_bytes), bound_to(*row));
    if (text) return SecretText(std::move(*text));
  }
  throw StoreError("the secret " + name + " of " + environment + ", version " + std::to_string(version) +
                   ", cannot be opened: the store's row was changed, or vault.key is not the one that it was sealed " +
                   "with; set the secret anew, or restore both from one backup");
}

}  // namespace switchyard::fleet
