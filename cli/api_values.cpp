#include "cli/api_values.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "common/error.hpp"
#include "common/printable.hpp"

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
          text(value, "detail"), value.value("may_have_gone_back", false)};
}

Pause pause_of(const json& value) { return {text(value, "what"), text(value, "waits_for") == "promotion"}; }

DeploymentError error_of(const json& value) {
  DeploymentError error;
  error.phase = text(value, "phase");
  error.severity = text(value, "severity");
  error.category = text(value, "category");
  // A coordinator of the version before says none.
  if (value.contains("trigger") && !value["trigger"].is_null()) error.trigger = text(value, "trigger");
  error.host = text(value, "host");
  error.component = text(value, "component");
  error.message = printable_message(value.at("message").get<std::string>());  // it may quote a service's last lines
  error.action = text(value, "action");
  error.reason = text(value, "reason");
  if (value.contains("check") && !value["check"].is_null()) error.check = text(value, "check");
  error.recoverable = value.at("recoverable").get<bool>();
  error.suggested_actions = texts(value, "suggested_actions");
  return error;
}

CheckTier check_tier_of(const json& value) {
  const auto number = [&](const char* key) { return value.at(key).get<std::int64_t>(); };
  return {number("tier"), text(value, "state"), number("checks"), number("passed"), number("warned"), number("failed")};
}

CheckFinding check_finding_of(const json& value) {
  CheckFinding finding;
  finding.host = text(value, "host");
  finding.component = text(value, "component");
  finding.check = text(value, "check");
  finding.status = text(value, "status");
  finding.message = printable(value.at("message").get<std::string>());
  finding.tier = value.at("tier").get<std::int64_t>();
  finding.critical = value.at("critical").get<bool>();
  if (!value.at("duration_ms").is_null()) finding.duration_ms = value["duration_ms"].get<std::int64_t>();
  return finding;
}

/// A coordinator of the version before does not say.
void read_checks_of(const json& value, Deployment& deployment) {
  if (!value.contains("checks")) return;
  if (!value.at("checks").is_null()) deployment.checks = text(value, "checks");
  if (!value.at("run_tests").is_null()) deployment.run_tests = text(value, "run_tests");
  deployment.check_tiers = list(value, "check_tiers", check_tier_of);
  deployment.warnings = texts(value, "warnings");
  if (!value.contains("check_results")) return;
  deployment.check_results = list(value, "check_results", check_finding_of);
  deployment.check_results_left_out = value.at("check_results_left_out").get<std::int64_t>();
}

Deployment deployment_of(const json& value) {
  Deployment deployment;
  deployment.id = text(value, "id");
  deployment.kind = text(value, "kind");
  if (!value.at("rollback_of").is_null()) deployment.rollback_of = text(value, "rollback_of");
  if (value.contains("snapshot") && !value["snapshot"].is_null()) deployment.snapshot = text(value, "snapshot");
  // Lists do not say, nor does a coordinator of the version before.
  if (value.contains("rolled_back_by") && !value["rolled_back_by"].is_null()) {
    deployment.rolled_back_by = text(value, "rolled_back_by");
  }
  deployment.name = text(value, "name");
  deployment.environment = text(value, "environment");
  deployment.version = text(value, "version");
  deployment.state = text(value, "state");
  deployment.final = value.at("final").get<bool>();
  deployment.reason = printable_message(value.at("reason").get<std::string>());  // it may quote a service's last lines
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
  if (value.contains("errors")) deployment.errors = list(value, "errors", error_of);
  read_checks_of(value, deployment);
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

RollbackVersion version_of(const json& value) {
  RollbackVersion version;
  version.deployment = text(value, "deployment");
  version.version = text(value, "version");
  version.finished_ms = time(value, "finished_ms");
  version.score = value.at("score").get<std::int64_t>();
  version.why = texts(value, "why");
  version.serving = value.at("serving").get<bool>();
  version.rolled_back = value.at("rolled_back").get<bool>();
  version.last_stable = value.at("last_stable").get<bool>();
  version.ready = value.at("ready").get<bool>();
  std::set<std::string> hosts, missing, unanswered;
  for (const json& place : value.at("places")) {
    const std::string host = text(place, "host");
    hosts.insert(host);
    if (place.at("present").is_null()) {
      unanswered.insert(host);
    } else if (!place.at("present").get<bool>()) {
      missing.insert(host);
    }
  }
  version.hosts = hosts.size();
  version.missing.assign(missing.begin(), missing.end());
  version.unanswered.assign(unanswered.begin(), unanswered.end());
  return version;
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
  if (value.contains("now")) {
    serving.last_seen_ms = time(value, "last_seen_ms");
    serving.now = text(value.at("now"), "state");
    serving.why = text(value.at("now"), "why");
  }
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
  approval.reason = printable_message(value.at("reason").get<std::string>());
  approval.author = text(value, "author");
  approval.plan_hash = text(value, "plan_hash");
  approval.needed = value.at("needed").get<std::int64_t>();
  approval.without = texts(value, "without");
  approval.to_nothing = value.at("to_nothing").get<bool>();
  approval.override_freeze = printable(value.value("override_freeze", std::string()));
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

std::vector<RollbackLineage> read_rollback_targets(const std::string& body) {
  return decoded(body, [](const json& value) {
    return list(value, "targets", [](const json& lineage) {
      return RollbackLineage{text(lineage, "environment"), text(lineage, "name"), text(lineage, "undo"),
                             list(lineage, "versions", version_of)};
    });
  });
}

std::string with_rollback_targets(const std::string& body, const std::string& targets) {
  return decoded(body, [&](json value) {
    value["rollback_targets"] = json::parse(targets).at("targets");
    return dumped(value);
  });
}

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
    const auto lines = [](const json& one) { return printable_lines(one.get<std::string>()); };
    Plan plan{text(value, "hash"), lines(value.at("text")), value.at("nodes").empty()};
    // A coordinator of the version before draws no graph.
    if (value.contains("graph")) plan.dot = lines(value.at("graph").at("dot"));
    return plan;
  });
}

std::string read_simulation_text(const std::string& body) {
  return decoded(body, [](const json& value) { return printable_lines(value.at("text").get<std::string>()); });
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

namespace {

Secret secret_of(const json& value) {
  return {text(value, "environment"), text(value, "name"), text(value, "created_by"), time(value, "version"),
          time(value, "created_ms")};
}

}  // namespace

Secret read_secret(const std::string& body) { return decoded(body, secret_of); }

std::vector<Secret> read_secrets(const std::string& body) {
  return decoded(body, [](const json& value) { return list(value, "secrets", secret_of); });
}

std::string write_secrets(const std::vector<Secret>& secrets) {
  json items = json::array();
  for (const Secret& secret : secrets) {
    items.push_back({{"environment", secret.environment},
                     {"name", secret.name},
                     {"version", secret.version},
                     {"created_by", secret.created_by},
                     {"created_ms", secret.created_ms}});
  }
  return dumped({{"secrets", items}});
}

namespace {

SnapshotSchema snapshot_schema_of(const json& value) {
  SnapshotSchema schema;
  schema.name = text(value, "name");
  schema.database = text(value, "database");
  schema.database_host = text(value, "database_host");
  schema.server_version = text(value, "server_version");
  schema.sha256 = text(value, "sha256");
  schema.migration = text(value, "migration");
  schema.file = text(value, "file");
  schema.bytes = value.at("bytes").get<std::uint64_t>();
  return schema;
}

SnapshotPlace snapshot_place_of(const json& value) {
  SnapshotPlace place;
  place.host = text(value, "host");
  place.component = text(value, "component");
  place.version = text(value, "version");
  place.release = text(value, "release");
  place.slot = text(value, "slot");
  place.unit_state = text(value, "unit_state");
  place.enablement = text(value, "enablement");
  place.configuration = text(value, "configuration");
  place.files = texts(value, "files");
  place.files_present = value.at("files_present").get<std::uint64_t>();
  // A coordinator of the version before knows none.
  if (value.contains("schemas")) place.schemas = list(value, "schemas", snapshot_schema_of);
  if (!value.contains("now")) return place;
  const json& now = value["now"];
  place.state = text(now, "state");
  place.differences = texts(now, "differences");
  if (!now.at("present").is_null()) place.present = now["present"].get<bool>();
  place.kept = now.at("kept").get<bool>();
  return place;
}

Snapshot snapshot_of(const json& value) {
  Snapshot snapshot;
  snapshot.id = text(value, "id");
  snapshot.environment = text(value, "environment");
  snapshot.name = text(value, "name");
  snapshot.version = text(value, "version");
  snapshot.author = text(value, "author");
  snapshot.reason = text(value, "reason");
  snapshot.checksum = text(value, "checksum");
  snapshot.created_ms = time(value, "created_ms");
  snapshot.whole = value.at("whole").get<bool>();
  snapshot.why_not = text(value, "why_not");
  snapshot.since = texts(value, "since");
  snapshot.places = list(value, "places", snapshot_place_of);
  return snapshot;
}

}  // namespace

Snapshot read_snapshot(const std::string& body) { return decoded(body, snapshot_of); }

std::vector<Snapshot> read_snapshots(const std::string& body) {
  return decoded(body, [](const json& value) { return list(value, "snapshots", snapshot_of); });
}

ApiToken read_api_token_made(const std::string& body) { return decoded(body, api_token_of); }

std::vector<ApiToken> read_api_tokens(const std::string& body) {
  return decoded(body, [](const json& value) { return list(value, "tokens", api_token_of); });
}

std::vector<std::string> read_registered(const std::string& body) {
  return decoded(body, [](const json& value) { return texts(value, "registered"); });
}

std::vector<RegisteredCheck> read_checks(const std::string& body) {
  return decoded(body, [](const json& value) {
    return list(value, "checks", [](const json& row) {
      RegisteredCheck check;
      check.environment = text(row, "environment");
      check.name = text(row, "name");
      check.type = text(row, "type");
      check.component = text(row, "component");
      check.registered_by = text(row, "registered_by");
      check.tier = row.at("tier").get<std::uint64_t>();
      check.critical = row.at("critical").get<bool>();
      check.tags = texts(row, "tags");
      check.hosts = texts(row, "hosts");
      return check;
    });
  });
}

std::string checks_in(const std::string& body, const std::string& environment) {
  return decoded(body, [&](const json& value) {
    json kept = json::array();
    for (const json& row : value.at("checks")) {
      if (row.at("environment") == environment) kept.push_back(row);
    }
    return dumped({{"checks", std::move(kept)}});
  });
}

std::vector<std::string> read_environments(const std::string& body) {
  return decoded(body, [](const json& value) { return texts(value, "environments"); });
}

HealthVerdict read_verdict(const std::string& body) {
  return decoded(body, [](const json& value) {
    HealthVerdict verdict{text(value, "verdict"), text(value, "reason"), {}};
    verdict.results = list(value, "results", [](const json& row) {
      CheckResult result;
      result.host = text(row, "host");
      result.check = text(row, "check");
      result.state = text(row, "state");
      result.detail = text(row, "detail");
      result.critical = row.at("critical").get<bool>();
      result.age_ms = row.at("age_ms").get<std::int64_t>();
      result.tries = row.value("tries", std::uint64_t{1});
      return result;
    });
    return verdict;
  });
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

std::vector<AuditWitness> read_witnesses(const std::string& body) {
  return decoded(body, [](const json& value) {
    return list(value, "witnesses", [](const json& row) {
      return AuditWitness{text(row, "host"), text(row, "audit_head"), row.at("connected").get<bool>(), false};
    });
  });
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

Holder read_holder(const std::string& error_body) {
  const json value = json::parse(error_body, nullptr, false);
  const json::json_pointer place("/error/details");
  if (!value.is_object() || !value.contains(place) || !value[place].is_object()) return {};
  const auto detail = [&](const char* name) {
    const auto found = value[place].find(name);
    return found != value[place].end() && found->is_string() ? printable(found->get<std::string>()) : std::string();
  };
  return {detail("holder"), detail("state")};
}

std::optional<std::string> read_rehearsal(const std::string& body) {
  const json value = json::parse(body, nullptr, false);
  if (!value.is_object() || !value.contains("would") || !value["would"].is_string()) return std::nullopt;
  if (!value.contains("dry_run") || value["dry_run"] != true) return std::nullopt;
  return text(value, "would");
}

std::string safe_json(const std::string& body, bool pretty) {
  return decoded(
      body, [&](const json& value) { return value.dump(pretty ? 2 : -1, ' ', true, json::error_handler_t::replace); });
}

namespace {

json defaults_value(const model::ManifestDefaults& defaults) {
  json value = json::object();
  if (defaults.strategy) value["strategy"] = model::strategy_name(*defaults.strategy);
  // A coordinator of the version before does not know it.
  if (defaults.strategy_source != model::StrategySource::variable) {
    value["strategy_source"] = model::strategy_source_name(defaults.strategy_source);
  }
  if (defaults.check_deadline_s) value["check_deadline_seconds"] = *defaults.check_deadline_s;
  if (defaults.test_timeout_s) value["test_timeout_seconds"] = *defaults.test_timeout_s;
  if (defaults.rollback_on_failure) value["rollback_on_failure"] = *defaults.rollback_on_failure;
  return value;
}

json deploy_value(const DeployBody& body) {
  json value = {{"manifest", body.manifest},      {"file", body.file},
                {"artifacts", body.artifacts},    {"no_rollback", body.no_rollback},
                {"sequential", body.sequential},  {"no_monitoring", body.no_monitoring},
                {"environment", body.environment}};
  // A coordinator of the version before does not know it.
  if (!body.plan_hash.empty()) value["plan_hash"] = body.plan_hash;
  for (const auto& [component, size] : body.artifact_sizes) {
    value["artifact_sizes"][component] = {{"bytes", size.bytes}, {"unpacked_bytes", size.unpacked_bytes}};
  }
  if (!body.components.empty()) value["components"] = body.components;
  if (!body.run_tests.empty()) value["run_tests"] = body.run_tests;
  if (!body.configuration.empty()) value["configuration"] = json::parse(body.configuration);
  model::ManifestDefaults defaults = body.defaults;
  if (defaults.strategy_source == model::StrategySource::option) {
    value["strategy"] = model::strategy_name(defaults.strategy.value());
    defaults.strategy.reset();
    defaults.strategy_source = model::StrategySource::variable;
  }
  if (defaults.run_migrations) value["run_migrations"] = *defaults.run_migrations;
  defaults.run_migrations.reset();
  if (!defaults.empty()) value["defaults"] = defaults_value(defaults);
  return value;
}

}  // namespace

std::string write_checks(const std::string& environment, const std::string& file, const std::string& definitions) {
  return dumped({{"environment", environment}, {"file", file}, {"definitions", definitions}});
}

std::string write_run_checks(const RunChecksBody& body) {
  return dumped({{"environment", body.environment},
                 {"names", body.names},
                 {"tags", body.tags},
                 {"all", body.all},
                 {"hosts", body.hosts},
                 {"cached_ms", body.cached_ms}});
}

std::string write_deploy(const DeployBody& body) {
  json value = deploy_value(body);
  if (!body.override_freeze.empty()) value["override_freeze"] = body.override_freeze;
  return dumped(value);
}

std::string write_simulation(const DeployBody& body, const std::string& fail) {
  json value = deploy_value(body);
  if (!fail.empty()) value["fail"] = fail;
  return dumped(value);
}

std::string write_rollback(const RollbackBody& body) {
  json value = {{"deployment", body.deployment}, {"components", body.components}, {"reason", body.reason}};
  // A coordinator of the version before does not know these.
  if (!body.without.empty()) value["without"] = body.without;
  if (body.to_nothing) value["to_nothing"] = true;
  if (!body.strategy.empty()) value["strategy"] = body.strategy;
  if (body.verify_after_rollback) value["verify_after_rollback"] = true;
  if (!body.target_version.empty()) value["target_version"] = body.target_version;
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

bool AuditVerdict::intact() const {
  const auto denies = [](const AuditWitness& witness) { return !witness.head.empty() && !witness.known; };
  return !broken_at && head_known.value_or(true) && std::none_of(witnesses.begin(), witnesses.end(), denies);
}

std::string write_audit_verdict(const AuditVerdict& verdict) {
  json value = {{"intact", verdict.intact()}, {"rows", verdict.rows}, {"head", verdict.head}};
  value["broken_at"] = verdict.broken_at ? json(*verdict.broken_at) : json(nullptr);
  value["head_known"] = verdict.head_known ? json(*verdict.head_known) : json(nullptr);
  value["witnesses"] = json::array();
  for (const AuditWitness& witness : verdict.witnesses) {
    const json known = witness.head.empty() ? json(nullptr) : json(witness.known);
    value["witnesses"].push_back({{"host", witness.host}, {"audit_head", witness.head}, {"known", known}});
  }
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
