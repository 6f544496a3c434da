#include "cli/api_values.hpp"

#include <nlohmann/json.hpp>

#include "cli/printable.hpp"
#include "common/error.hpp"

namespace switchyard::cli {
namespace {

using nlohmann::json;

/// Runs a reader; whatever is not as documented becomes one DecodeError.
template <class Read>
auto decoded(const std::string& body, Read read) {
  try {
    return read(json::parse(body));
  } catch (const json::exception& error) {
    throw DecodeError(std::string("the coordinator's answer is not as documented (") + error.what() +
                      "); is it of another version than this program?");
  }
}

std::string text(const json& object, const char* key) { return printable(object.at(key).get<std::string>()); }

/// null: 0
std::int64_t time(const json& object, const char* key) {
  const json& value = object.at(key);
  return value.is_null() ? 0 : value.get<std::int64_t>();
}

std::vector<std::string> texts(const json& object, const char* key) {
  std::vector<std::string> result;
  for (const json& value : object.at(key)) result.push_back(printable(value.get<std::string>()));
  return result;
}

template <class Read>
auto list(const json& object, const char* key, Read read) {
  std::vector<decltype(read(object))> result;
  for (const json& value : object.at(key)) result.push_back(read(value));
  return result;
}

Progress progress_of(const json& value) {
  return {text(value, "host"), text(value, "component"), text(value, "state"), text(value, "step"),
          text(value, "detail")};
}

Pause pause_of(const json& value) { return {text(value, "what"), text(value, "waits_for") == "promotion"}; }

Deployment deployment_of(const json& value) {
  Deployment deployment;
  deployment.id = text(value, "id");
  deployment.kind = text(value, "kind");
  if (!value.at("rollback_of").is_null()) deployment.rollback_of = text(value, "rollback_of");
  // Lists do not say, nor does a coordinator of the version before.
  if (value.contains("rolled_back_by") && !value["rolled_back_by"].is_null()) {
    deployment.rolled_back_by = text(value, "rolled_back_by");
  }
  deployment.name = text(value, "name");
  deployment.environment = text(value, "environment");
  deployment.version = text(value, "version");
  deployment.state = text(value, "state");
  deployment.final = value.at("final").get<bool>();
  deployment.reason = printable_lines(value.at("reason").get<std::string>());  // it may quote a service's last lines
  deployment.author = text(value, "author");
  deployment.plan_hash = text(value, "plan_hash");
  deployment.created_ms = time(value, "created_ms");
  deployment.finished_ms = time(value, "finished_ms");
  deployment.deferred = texts(value, "deferred");
  deployment.gone = texts(value, "gone");
  deployment.resumed = value.at("resumed").get<std::int64_t>();
  if (value.contains("kept")) deployment.kept = texts(value, "kept");
  if (value.contains("progress")) deployment.progress = list(value, "progress", progress_of);
  if (value.contains("pauses")) deployment.pauses = list(value, "pauses", pause_of);
  return deployment;
}

TimelineEntry entry_of(const json& value) {
  TimelineEntry entry;
  entry.wall_ms = time(value, "wall_ms");
  entry.host = text(value, "host");
  entry.component = text(value, "component");
  entry.what = text(value, "what");
  entry.state = text(value, "state");
  entry.text = text(value, "text");
  entry.undo = value.value("undo", false);  // a coordinator of the version before does not say
  if (value.at("fields").contains("detail")) entry.detail = text(value.at("fields"), "detail");
  return entry;
}

Host host_of(const json& value) {
  Host host;
  host.name = text(value, "host");
  host.agent_version = text(value, "agent_version");
  host.connected = value.at("connected").get<bool>();
  host.enrolled = value.at("enrolled").get<bool>();
  host.revoked = value.at("revoked").get<bool>();
  host.removed = value.at("removed").get<bool>();
  for (const auto& [key, label] : value.at("labels").items()) {
    host.labels.emplace(printable(key), printable(label.get<std::string>()));
  }
  host.enrolled_ms = time(value, "enrolled_ms");
  host.last_seen_ms = time(value, "last_seen_ms");
  return host;
}

std::string text_or_nothing(const json& value, const char* key) {
  return value.at(key).is_null() ? std::string() : text(value, key);
}

Serving serving_of(const json& value) {
  Serving serving;
  serving.host = text(value, "host");
  serving.environment = text(value, "environment");
  serving.component = text(value, "component");
  serving.version = text(value, "version");
  serving.deployment = text(value, "deployment");
  serving.kind = text(value.at("serving"), "kind");
  serving.slot = text(value.at("serving"), "slot");
  serving.release = text(value.at("serving"), "release");
  serving.since_ms = time(value, "since_ms");
  serving.connected = value.at("connected").get<bool>();
  serving.host_removed = value.at("removed").get<bool>();
  serving.owed = text_or_nothing(value, "owed");
  serving.changing = text_or_nothing(value, "changing");
  return serving;
}

AuditEntry audit_entry_of(const json& value) {
  return {value.at("seq").get<std::int64_t>(),
          time(value, "wall_ms"),
          text(value, "principal"),
          text(value, "operation"),
          text(value, "object"),
          text(value, "reason"),
          text(value, "origin"),
          value.at("success").get<bool>()};
}

Approval approval_of(const json& value) {
  Approval approval;
  approval.deployment = text(value, "deployment");
  approval.kind = text(value, "kind");
  approval.name = text(value, "name");
  approval.version = text(value, "version");
  approval.environment = text(value, "environment");
  approval.state = text(value, "state");
  approval.deployment_state = text(value, "deployment_state");
  approval.reason = printable_lines(value.at("reason").get<std::string>());
  approval.author = text(value, "author");
  approval.plan_hash = text(value, "plan_hash");
  approval.needed = value.at("needed").get<std::int64_t>();
  approval.without = texts(value, "without");
  approval.to_nothing = value.at("to_nothing").get<bool>();
  approval.votes = list(value, "votes", [](const json& vote) {
    return ApprovalVote{text(vote, "approver"), text(vote, "reason"), vote.at("granted").get<bool>(),
                        time(vote, "wall_ms")};
  });
  approval.created_ms = time(value, "created_ms");
  approval.expires_ms = time(value, "expires_ms");
  if (value.contains("plan")) approval.plan_text = printable_lines(value.at("plan").at("text").get<std::string>());
  return approval;
}

ApiToken api_token_of(const json& value) {
  ApiToken token;
  token.id = text(value, "id");
  token.name = text(value, "name");
  token.kind = text(value, "kind");
  token.role = text(value, "role");
  token.environment = text(value, "environment");
  token.created_by = text(value, "created_by");
  token.created_ms = time(value, "created_ms");
  token.expires_ms = time(value, "expires_ms");
  token.revoked_ms = time(value, "revoked_ms");
  if (value.contains("token")) token.token = text(value, "token");
  return token;
}

json error_value(const std::string& code, const std::string& message) {
  return {{"code", code}, {"message", message}, {"details", json::object()}};
}

std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

Deployment read_deployment(const std::string& body) { return decoded(body, deployment_of); }

std::vector<Deployment> read_deployments(const std::string& body, const char* key) {
  return decoded(body, [&](const json& value) { return list(value, key, deployment_of); });
}

Timeline read_timeline(const std::string& body) {
  return decoded(body, [](const json& value) {
    return Timeline{list(value, "entries", entry_of), value.at("next").get<std::size_t>(),
                    deployment_of(value.at("deployment"))};
  });
}

Plan read_plan(const std::string& body) {
  return decoded(body, [](const json& value) {
    return Plan{text(value, "hash"), printable_lines(value.at("text").get<std::string>()), value.at("nodes").empty()};
  });
}

std::vector<Host> read_hosts(const std::string& body, const char* key) {
  return decoded(body, [&](const json& value) { return list(value, key, host_of); });
}

std::vector<Serving> read_serving(const std::string& body) {
  return decoded(body, [](const json& value) { return list(value, "serving", serving_of); });
}

std::vector<std::string> read_goes_on(const std::string& body) {
  return decoded(body, [](const json& value) {
    return value.contains("goes_on") ? texts(value, "goes_on") : std::vector<std::string>();
  });
}

Token read_token_made(const std::string& body) {
  return decoded(body, [](const json& value) {
    const auto lost = value.contains("lost") ? texts(value, "lost") : std::vector<std::string>();
    return Token{text(value, "id"), text(value, "enrolment"), time(value, "expires_ms"), lost};
  });
}

Approval read_approval(const std::string& body) { return decoded(body, approval_of); }

std::vector<Approval> read_approvals(const std::string& body) {
  return decoded(body, [](const json& value) { return list(value, "approvals", approval_of); });
}

std::string read_totp_uri(const std::string& body) {
  return decoded(body, [](const json& value) { return text(value, "uri"); });
}

ApiToken read_api_token_made(const std::string& body) { return decoded(body, api_token_of); }

std::vector<ApiToken> read_api_tokens(const std::string& body) {
  return decoded(body, [](const json& value) { return list(value, "tokens", api_token_of); });
}

KeysReport read_keys_report(const std::string& body) {
  return decoded(body, [](const json& value) {
    const auto host_of = [](const json& host) {
      return KeysReport::Host{text(host, "host"), host.at("connected").get<bool>()};
    };
    KeysReport report;
    report.keys = text(value, "keys");
    if (!value.at("next").is_null()) report.next = text(value, "next");
    report.known_by = list(value, "known_by", host_of);
    report.missing = list(value, "missing", host_of);
    report.deployments_at_work = texts(value, "deployments_at_work");
    report.in_force = value.at("in_force").get<bool>();
    return report;
  });
}

std::vector<AuditEntry> read_audit(const std::string& body) {
  return decoded(body, [](const json& value) { return list(value, "entries", audit_entry_of); });
}

std::vector<model::StoredAudit> read_audit_rows(const std::string& body) {
  return decoded(body, [](const json& value) {
    return list(value, "entries", [](const json& row) {
      model::StoredAudit stored;
      stored.seq = row.at("seq").get<std::uint64_t>();
      stored.entry.wall_ms = row.at("wall_ms").get<std::int64_t>();
      stored.entry.principal = row.at("principal").get<std::string>();
      stored.entry.operation = row.at("operation").get<std::string>();
      stored.entry.object = row.at("object").get<std::string>();
      stored.entry.reason = row.at("reason").get<std::string>();
      stored.entry.origin = row.at("origin").get<std::string>();
      stored.entry.success = row.at("success").get<bool>();
      stored.entry.details = row.at("details").get<std::map<std::string, std::string>>();
      stored.hash = row.at("hash").get<std::string>();
      return stored;
    });
  });
}

std::vector<std::uint32_t> read_missing_chunks(const std::string& body) {
  return decoded(body, [](const json& value) { return value.at("missing").get<std::vector<std::uint32_t>>(); });
}

std::optional<ErrorAnswer> read_error(const std::string& body) {
  const json value = json::parse(body, nullptr, false);
  if (!value.is_object() || !value.contains("error") || !value["error"].is_object()) return std::nullopt;
  const json& error = value["error"];
  if (!error.contains("code") || !error["code"].is_string()) return std::nullopt;
  if (!error.contains("message") || !error["message"].is_string()) return std::nullopt;
  return ErrorAnswer{text(error, "code"), printable_lines(error["message"].get<std::string>())};
}

std::string safe_json(const std::string& body, bool pretty) {
  return decoded(
      body, [&](const json& value) { return value.dump(pretty ? 2 : -1, ' ', true, json::error_handler_t::replace); });
}

std::string write_deploy(const DeployBody& body) {
  json value = {{"manifest", body.manifest},      {"file", body.file},
                {"artifacts", body.artifacts},    {"no_rollback", body.no_rollback},
                {"sequential", body.sequential},  {"no_monitoring", body.no_monitoring},
                {"environment", body.environment}};
  // A coordinator of the version before does not know it.
  if (!body.plan_hash.empty()) value["plan_hash"] = body.plan_hash;
  return dumped(value);
}

std::string write_rollback(const RollbackBody& body) {
  json value = {{"deployment", body.deployment}, {"components", body.components}, {"reason", body.reason}};
  // A coordinator of the version before does not know these.
  if (!body.without.empty()) value["without"] = body.without;
  if (body.to_nothing) value["to_nothing"] = true;
  return dumped(value);
}

std::string write_resolution(const std::string& host, const std::string& reason) {
  return dumped({{"host", host}, {"gone", true}, {"reason", reason}});
}

std::string write_promotion(unsigned share) { return dumped(share == 0 ? json::object() : json{{"share", share}}); }

std::string write_new_host(const std::string& host, const std::map<std::string, std::string>& labels) {
  return dumped({{"host", host}, {"labels", labels}});
}

std::string write_texts(const std::map<std::string, std::string>& members) { return dumped(json(members)); }

std::string write_api_token(const std::map<std::string, std::string>& members, std::int64_t life_ms) {
  json value(members);
  if (life_ms > 0) value["life_ms"] = life_ms;
  return dumped(value);
}

std::string write_audit_line(const model::AuditExport& row) {
  nlohmann::ordered_json line;
  line["timestamp"] = row.timestamp;
  line["operation"] = row.operation;
  line["user"] = row.user;
  line["environment"] = row.environment.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(row.environment);
  line["success"] = row.success;
  line["details"] = row.details;
  return line.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

std::string write_audit_verdict(const AuditVerdict& verdict) {
  json value = {{"intact", !verdict.broken_at && verdict.head_known.value_or(true)},
                {"rows", verdict.rows},
                {"head", verdict.head}};
  value["broken_at"] = verdict.broken_at ? json(*verdict.broken_at) : json(nullptr);
  value["head_known"] = verdict.head_known ? json(*verdict.head_known) : json(nullptr);
  return dumped(value);
}

std::string write_error(const std::string& code, const std::string& message) {
  return dumped({{"error", error_value(code, message)}});
}

std::string write_validity(const Validity& validity) {
  json value = {{"valid", validity.valid}, {"file", validity.file}};
  if (!validity.valid) {
    value["error"] = error_value("bad_manifest", validity.error);
    return dumped(value);
  }
  value["name"] = validity.name;
  value["version"] = validity.version;
  value["environment"] = validity.environment;
  value["components"] = validity.components;
  value["hosts"] = validity.hosts;
  return dumped(value);
}

}  // namespace switchyard::cli
