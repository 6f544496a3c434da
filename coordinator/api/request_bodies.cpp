#include "coordinator/api/request_bodies.hpp"

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "common/error.hpp"
#include "common/hex.hpp"
#include "common/limits.hpp"
#include "coordinator/api/parameters.hpp"
#include "coordinator/store/configuration_json.hpp"
#include "coordinator/store/defaults_json.hpp"

namespace switchyard::api::bodies {
namespace {

using nlohmann::json;

/// A JSON object whose members are taken one by one; what has a wrong type or is not known is refused by name.
class Members {
 public:
  Members(const std::string& text, std::initializer_list<std::string_view> known) {
    std::vector<std::set<std::string>> open;  // the names of every object that is being read
    std::string twice;
    const auto look = [&](int, json::parse_event_t event, json& parsed) {
      if (event == json::parse_event_t::object_start) open.emplace_back();
      if (event == json::parse_event_t::object_end) open.pop_back();
      if (event == json::parse_event_t::key && !open.back().insert(parsed.get<std::string>()).second)
        twice = parsed.get<std::string>();
      return true;
    };
    try {
      object_ = json::parse(text, look);
    } catch (const json::parse_error& error) {
      throw InputError("the body is not JSON, near byte " + std::to_string(error.byte));
    } catch (const json::out_of_range&) {
      throw InputError("the body has a number that is larger than any that can be told apart");
    }
    if (!object_.is_object()) throw InputError("the body must be a JSON object");
    if (!twice.empty()) throw InputError("the member `" + twice.substr(0, 64) + "` is there twice in the body");
    for (const auto& [key, value] : object_.items()) {
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        throw InputError("unknown member `" + key.substr(0, 64) + "` in the body; known are: " + join(known));
      }
    }
  }

  bool has(const char* key) const { return object_.contains(key); }
  std::string text(const char* key) const {
    if (!object_.contains(key)) throw InputError(std::string("the body lacks the member `") + key + "`");
    return text_or(key, "");
  }
  std::string text_or(const char* key, const std::string& otherwise) const {
    if (!object_.contains(key)) return otherwise;
    if (!object_[key].is_string()) throw wrong_type(key, "a text");
    return object_[key].get<std::string>();
  }
  std::int64_t number_or(const char* key, std::int64_t otherwise) const {
    if (!object_.contains(key)) return otherwise;
    if (!object_[key].is_number_integer() || object_[key] < 0) throw wrong_type(key, "a whole number, not below 0");
    // Larger ones would come out as negative.
    if (object_[key] > std::numeric_limits<std::int64_t>::max()) throw wrong_type(key, "a smaller number");
    return object_[key].get<std::int64_t>();
  }
  bool flag(const char* key) const {
    if (!object_.contains(key)) return false;
    if (!object_[key].is_boolean()) throw wrong_type(key, "true or false");
    return object_[key].get<bool>();
  }
  /// A share of the traffic before it is all of it.
  std::optional<std::uint32_t> percent(const char* key) const {
    if (!object_.contains(key)) return std::nullopt;
    const json& value = object_[key];
    const bool fits = value.is_number_unsigned() && value.get<std::uint64_t>() >= 1 && value.get<std::uint64_t>() <= 99;
    if (!fits) throw wrong_type(key, "an integer from 1 to 99");
    return value.get<std::uint32_t>();
  }
  std::map<std::string, std::string> text_map(const char* key) const {
    std::map<std::string, std::string> result;
    if (!object_.contains(key)) return result;
    if (!object_[key].is_object()) throw wrong_type(key, "an object of texts");
    for (const auto& [name, value] : object_[key].items()) {
      if (!value.is_string()) throw wrong_type(key, "an object of texts");
      result.emplace(name, value.get<std::string>());
    }
    return result;
  }
  std::vector<std::string> text_list(const char* key) const {
    std::vector<std::string> result;
    if (!object_.contains(key)) return result;
    if (!object_[key].is_array()) throw wrong_type(key, "a list of texts");
    for (const json& value : object_[key]) {
      if (!value.is_string()) throw wrong_type(key, "a list of texts");
      result.push_back(value.get<std::string>());
    }
    return result;
  }
  /// {component: {bytes, unpacked_bytes}}
  std::map<std::string, fleet::ArtifactSize> artifact_sizes(const char* key) const {
    std::map<std::string, fleet::ArtifactSize> result;
    if (!object_.contains(key)) return result;
    const auto wrong = [key] { return wrong_type(key, "an object of {bytes, unpacked_bytes}, both whole numbers"); };
    if (!object_[key].is_object()) throw wrong();
    for (const auto& [name, value] : object_[key].items()) {
      const bool whole = value.is_object() && value.size() == 2 && value.contains("bytes") &&
                         value.contains("unpacked_bytes") && value["bytes"].is_number_unsigned() &&
                         value["unpacked_bytes"].is_number_unsigned();
      if (!whole) throw wrong();
      const fleet::ArtifactSize size{value["bytes"].get<std::uint64_t>(), value["unpacked_bytes"].get<std::uint64_t>()};
      if (std::max(size.bytes, size.unpacked_bytes) > limits::artifact_bytes_max) {
        throw InputError("`" + std::string(key) + "`: the artifact of " + checked_name(name, "component") +
                         " is larger than any may be");
      }
      result.emplace(checked_name(name, "component"), size);
    }
    return result;
  }
  /// A member that is read elsewhere, as JSON; empty when it is not there.
  std::string whole(const char* key) const { return object_.contains(key) ? object_[key].dump() : std::string(); }
  /// A text for people that is kept in the audit chain.
  std::string reason() const {
    std::string text = text_or("reason", "");
    if (text.size() > limits::api_reason_bytes_max) {
      throw InputError("`reason` is longer than " + std::to_string(limits::api_reason_bytes_max) + " bytes");
    }
    return text;
  }

 private:
  static std::string join(std::initializer_list<std::string_view> names) {
    std::string joined;
    for (const std::string_view name : names) {
      if (!joined.empty()) joined += ", ";
      joined += name;
    }
    return joined.empty() ? "none" : joined;
  }
  static InputError wrong_type(const char* key, const char* wanted) {
    return InputError(std::string("the member `") + key + "` must be " + wanted);
  }

  json object_;
};

}  // namespace

namespace {

/// One of a few words, by a function that knows them.
template <class Read>
auto word_of(const Members& members, const char* key, const char* known, Read read) {
  const std::string word = members.text(key);
  if (const auto value = read(word)) return *value;
  throw InputError("the member `" + std::string(key) + "` must be one of: " + known);
}

fleet::DeployRequest deploy_request_of(const Members& members) {
  fleet::DeployRequest request;
  request.manifest = members.text("manifest");
  request.file_name = members.text_or("file", "manifest");
  request.environment = members.text_or("environment", "");
  if (!request.environment.empty()) checked_name(request.environment, "environment");
  for (const auto& [component, release] : members.text_map("artifacts")) {
    checked_name(component, "component");
    request.artifacts.emplace(component, checked_release(release));
  }
  request.artifact_sizes = members.artifact_sizes("artifact_sizes");
  request.no_rollback = members.flag("no_rollback");
  if (members.has("auto_rollback")) {
    if (members.has("no_rollback") && request.no_rollback == members.flag("auto_rollback")) {
      throw InputError("`auto_rollback` and `no_rollback` contradict each other; keep one of them");
    }
    request.no_rollback = !members.flag("auto_rollback");
  }
  request.sequential = members.flag("sequential");
  request.no_monitoring = members.flag("no_monitoring");
  request.run_tests = members.text_or("run_tests", "");
  if (!request.run_tests.empty() && !model::run_tests_from_name(request.run_tests)) {
    throw InputError("`run_tests` must be none, smoke, e2e or full");
  }
  request.plan_hash = members.text_or("plan_hash", "");
  if (!request.plan_hash.empty() && (request.plan_hash.size() != 64 || !from_hex(request.plan_hash))) {
    throw InputError("`plan_hash` must be the hash that a plan shows: 64 hexadecimal digits (a-f, 0-9)");
  }
  request.components = members.text_list("components");
  for (const std::string& component : request.components) checked_name(component, "component");
  const std::string configuration = members.whole("configuration");
  if (!configuration.empty()) request.configuration = store::configuration_from_json(configuration);
  const std::string defaults = members.whole("defaults");
  if (!defaults.empty()) request.defaults = store::defaults_from_json(defaults);
  if (const std::string strategy = members.text_or("strategy", ""); !strategy.empty()) {
    request.defaults.strategy = model::strategy_from_name(strategy);
    if (!request.defaults.strategy) throw InputError("`strategy` must be blue-green, rolling, recreate or canary");
    request.defaults.strategy_source = model::StrategySource::option;
  }
  if (members.has("run_migrations")) request.defaults.run_migrations = members.flag("run_migrations");
  return request;
}

std::string bounded(const Members& members, const char* key) {
  std::string text = members.text_or(key, "");
  if (text.size() <= limits::api_reason_bytes_max) return text;
  throw InputError("`" + std::string(key) + "` is longer than " + std::to_string(limits::api_reason_bytes_max) +
                   " bytes");
}

}  // namespace

fleet::DeployRequest deploy_request(const std::string& text) {
  const Members members(
      text, {"manifest", "file", "environment", "artifacts", "artifact_sizes", "components", "no_rollback",
             "auto_rollback", "sequential", "no_monitoring", "run_tests", "run_migrations", "strategy", "plan_hash",
             "configuration", "defaults", "override_freeze"});
  fleet::DeployRequest request = deploy_request_of(members);
  request.override_freeze = bounded(members, "override_freeze");
  return request;
}

SimulationBody simulation_request(const std::string& text) {
  const Members members(text, {"manifest", "file", "environment", "artifacts", "artifact_sizes", "components",
                               "no_rollback", "auto_rollback", "sequential", "no_monitoring", "run_tests",
                               "run_migrations", "strategy", "plan_hash", "configuration", "defaults", "fail"});
  return {deploy_request_of(members), bounded(members, "fail")};
}

fleet::RegisterChecksRequest register_checks_request(const std::string& text) {
  const Members members(text, {"environment", "file", "definitions"});
  return {checked_name(members.text("environment"), "environment"), members.text_or("file", "health checks"),
          members.text("definitions")};
}

fleet::RunChecksRequest run_checks_request(const std::string& text) {
  const Members members(text, {"environment", "names", "tags", "all", "hosts", "cached_ms"});
  fleet::RunChecksRequest request;
  request.environment = checked_name(members.text("environment"), "environment");
  request.names = members.text_list("names");
  for (const std::string& name : request.names) checked_name(name, "names");
  request.tags = members.text_list("tags");
  request.all = members.flag("all");
  for (const std::string& host : members.text_list("hosts")) request.hosts.emplace_back(checked_name(host, "hosts"));
  request.cached_ms = members.number_or("cached_ms", 0);
  if (request.names.empty() && request.tags.empty() && !request.all) {
    throw InputError("the body names no check: give `names`, `tags` or `all`");
  }
  if (request.cached_ms > limits::check_cached_ms_max) throw InputError("`cached_ms` is more than a day");
  return request;
}

fleet::RollbackRequest rollback_request(const std::string& text) {
  const Members members(text, {"deployment", "components", "without", "to_nothing", "reason", "strategy",
                               "verify_after_rollback", "target_version"});
  fleet::RollbackRequest request;
  request.deployment = DeploymentId(checked_name(members.text("deployment"), "deployment"));
  request.components = members.text_list("components");
  for (const std::string& component : request.components) checked_name(component, "component");
  for (const std::string& host : members.text_list("without")) request.without.emplace_back(checked_name(host, "host"));
  request.to_nothing = members.flag("to_nothing");
  request.reason = members.reason();
  if (members.has("strategy")) {
    request.strategy = word_of(members, "strategy", "immediate, batch, graceful, aggressive, manual",
                               model::rollback_strategy_from_name);
  }
  request.verify_after_rollback = members.flag("verify_after_rollback");
  request.target_version = bounded(members, "target_version");
  return request;
}

fleet::SnapshotRequest snapshot_request(const std::string& text) {
  const Members members(text, {"environment", "name", "reason"});
  fleet::SnapshotRequest request;
  request.environment = checked_name(members.text("environment"), "environment");
  request.name = members.text_or("name", "");
  if (!request.name.empty()) checked_name(request.name, "name");
  request.reason = members.reason();
  return request;
}

ArtifactLabel artifact_label(const std::string& text) {
  const Members members(text, {"component", "version"});
  ArtifactLabel label{checked_name(members.text("component"), "component"), members.text("version")};
  if (label.version.size() > limits::api_reason_bytes_max) throw InputError("`version` is too long");
  return label;
}

std::string only_reason(const std::string& text) { return Members(text, {"reason"}).reason(); }

std::optional<std::uint32_t> promoted_share(const std::string& text) {
  return Members(text, {"share"}).percent("share");
}

void nothing(const std::string& text) { const Members members(text, {}); }

Resolution resolution(const std::string& text) {
  const Members members(text, {"host", "gone", "reason"});
  if (!members.flag("gone")) throw InputError("`gone` must be true: nothing else can be resolved about a host");
  Resolution result{HostId(checked_name(members.text("host"), "host")), members.reason()};
  if (result.reason.empty()) throw InputError("`reason` must say why the host is gone; it is kept in the audit chain");
  return result;
}

fleet::RecoverRequest recover_request(const std::string& text) {
  const Members members(text, {"without", "reason"});
  fleet::RecoverRequest request;
  for (const std::string& host : members.text_list("without")) request.without.emplace_back(checked_name(host, "host"));
  request.reason = members.reason();
  if (request.reason.empty()) throw InputError("`reason` must say what happened; it is kept in the audit chain");
  return request;
}

fleet::RenewKeysRequest renew_keys_request(const std::string& text) {
  const Members members(text, {"without", "reason"});
  fleet::RenewKeysRequest request;
  for (const std::string& host : members.text_list("without")) request.without.emplace_back(checked_name(host, "host"));
  request.reason = members.reason();
  if (request.reason.empty()) throw InputError("`reason` must say why; it is kept in the audit chain");
  return request;
}

std::string token_pattern(const std::string& text) {
  const Members members(text, {"host_pattern"});
  std::string pattern = members.text_or("host_pattern", "");
  // `web-*`: what stands before the star is the beginning of a name.
  std::string name = pattern;
  if (!name.empty() && name.back() == '*' && name.front() != '=') name.back() = '0';
  if (name.size() > 1 && name.front() == '=') name.erase(0, 1);
  if (!name.empty()) checked_name(name, "host_pattern");
  return pattern;
}

std::string totp_code(const std::string& text) { return Members(text, {"totp"}).text_or("totp", ""); }

fleet::ApprovalWish approval_wish(const std::string& text) {
  const Members members(text, {"plan_hash", "reason", "totp"});
  fleet::ApprovalWish wish;
  wish.plan_hash = members.text("plan_hash");
  wish.reason = members.reason();
  wish.totp = members.text_or("totp", "");
  return wish;
}

fleet::ApiTokenRequest api_token_request(const std::string& text) {
  const Members members(text, {"name", "kind", "role", "environment", "life_ms"});
  fleet::ApiTokenRequest request;
  request.name = checked_name(members.text("name"), "name");
  request.kind = word_of(members, "kind", "person, ci, ai", access::kind_from_name);
  request.role = word_of(members, "role", "viewer, operator, approver, admin", access::role_from_name);
  request.environment = members.text("environment");
  if (request.environment != access::every_environment) checked_name(request.environment, "environment");
  request.life_ms = members.number_or("life_ms", 0);
  return request;
}

fleet::SecretRequest secret_request(const std::string& text) {
  const Members members(text, {"environment", "name", "value"});
  fleet::SecretRequest request;
  request.environment = checked_name(members.text("environment"), "environment");
  request.name = members.text("name");
  request.value = SecretText(members.text("value"));
  return request;
}

NewHost new_host(const std::string& text) {
  const Members members(text, {"host", "labels"});
  NewHost result{HostId(checked_name(members.text("host"), "host")), members.text_map("labels")};
  if (result.labels.size() > limits::labels_max) throw InputError("too many labels");
  for (const auto& [key, value] : result.labels) {
    checked_name(key, "label");
    if (value.size() > limits::label_bytes_max) throw InputError("the label `" + key + "` is too long");
  }
  return result;
}

}  // namespace switchyard::api::bodies
