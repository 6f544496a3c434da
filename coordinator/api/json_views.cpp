#include "coordinator/api/json_views.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "coordinator/api/plan_view.hpp"
#include "coordinator/api/simulation_view.hpp"

namespace switchyard::api::views {
namespace {

using nlohmann::json;

std::string text_of(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

/// 0 stands for "not yet".
json time_or_null(std::int64_t wall_ms) { return wall_ms == 0 ? json(nullptr) : json(wall_ms); }

json names(const std::vector<HostId>& hosts) {
  json list = json::array();
  for (const HostId& host : hosts) list.push_back(host.str());
  return list;
}

std::string_view kind_name(model::DeploymentKind kind) {
  switch (kind) {
    case model::DeploymentKind::deploy:
      return "deploy";
    case model::DeploymentKind::rollback:
      return "rollback";
    case model::DeploymentKind::converge:
      return "converge";
    case model::DeploymentKind::restore:
      return "restore";
  }
  return "deploy";
}

std::string_view now_name(fleet::ServingNow::State state) {
  switch (state) {
    case fleet::ServingNow::State::as_committed:
      return "as_committed";
    case fleet::ServingNow::State::different:
      return "different";
    case fleet::ServingNow::State::unknown:
      return "unknown";
  }
  return "unknown";
}

json row_view(const model::DeploymentRow& row) {
  return {{"id", row.id.str()},
          {"kind", kind_name(row.kind)},
          {"rollback_of", row.rollback_of.empty() ? json(nullptr) : json(row.rollback_of.str())},
          {"snapshot", row.snapshot.empty() ? json(nullptr) : json(row.snapshot.str())},
          {"name", row.name},
          {"environment", row.environment},
          {"version", row.version},
          {"state", model::state_name(row.state)},
          {"final", model::is_final(row.state)},
          {"reason", row.reason},
          {"author", row.author},
          {"plan_hash", row.plan_hash},
          {"created_ms", row.created_wall_ms},
          {"updated_ms", row.updated_wall_ms},
          {"finished_ms", time_or_null(row.finished_wall_ms)},
          {"deferred", names(row.deferred)},
          {"gone", names(row.gone)},
          {"resumed", row.resumed}};
}

json error_view(const model::Failure& failure) {
  const model::ErrorKind& kind = model::error_kind(failure.code);
  return {{"phase", model::error_phase_name(failure.phase)},
          {"severity", model::severity_name(failure.severity)},
          {"category", kind.category},
          {"code", failure.code},
          {"trigger", failure.trigger ? json(model::trigger_name(*failure.trigger)) : json(nullptr)},
          {"host", failure.host.str()},
          {"component", failure.component},
          {"message", failure.message},
          {"check", failure.check.empty() ? json(nullptr) : json(failure.check)},
          {"recoverable", kind.recoverable},
          {"suggested_actions", json::array({kind.suggested})},
          {"action", model::error_action_name(failure.action)},
          {"reason", model::action_reason(failure.action)}};
}

json finding_view(const model::CheckFinding& finding) {
  return {{"host", finding.host.str()},
          {"component", finding.component},
          {"check", finding.check},
          {"tier", finding.tier},
          {"critical", finding.critical},
          {"status", model::check_status_name(finding.status)},
          {"message", finding.message},
          {"duration_ms", finding.duration_ms ? json(*finding.duration_ms) : json(nullptr)},
          {"at_ms", time_or_null(finding.wall_ms)}};
}

/// The members are there from the beginning, and say nothing until the deployment is over.
void add_checks(const std::optional<model::ChecksReport>& report, json& value) {
  value["checks"] = report ? json(model::checks_outcome_name(report->outcome)) : json(nullptr);
  const bool said = report && report->run_tests;
  value["run_tests"] = said ? json(model::run_tests_name(*report->run_tests)) : json(nullptr);
  value["check_tiers"] = json::array();
  value["warnings"] = json::array();
  value["check_results"] = json::array();
  value["check_results_left_out"] = report ? report->findings_left_out : 0;
  if (!report) return;
  for (const model::CheckFinding& finding : report->findings) value["check_results"].push_back(finding_view(finding));
  for (const model::TierReport& tier : report->tiers) {
    value["check_tiers"].push_back({{"tier", tier.tier},
                                    {"state", model::tier_state_name(tier.state)},
                                    {"checks", tier.checks},
                                    {"passed", tier.passed},
                                    {"warned", tier.warned},
                                    {"failed", tier.failed}});
  }
  value["warnings"] = report->warnings;
}

/// What a program asks first: did it do what it was to do, with what, and in what time?
void add_result(const fleet::DeploymentView& view, json& value) {
  const model::DeploymentRow& row = view.row;
  const bool done = row.state == model::DeploymentState::done;
  std::set<std::string> deployed;
  for (const fleet::ProgressView& line : view.progress) {
    if (done && line.state == "committed") deployed.insert(line.component);
  }
  value["success"] = model::is_final(row.state) ? json(done) : json(nullptr);
  value["duration_ms"] = row.finished_wall_ms == 0 ? json(nullptr) : json(row.finished_wall_ms - row.created_wall_ms);
  value["components_deployed"] = deployed;
  value["rollback_performed"] = row.state == model::DeploymentState::rolled_back;
  value["previous_version"] = view.previous_version.empty() ? json(nullptr) : json(view.previous_version);
}

json deployment_view(const fleet::DeploymentView& view) {
  json value = row_view(view.row);
  json progress = json::array();
  for (const fleet::ProgressView& line : view.progress) {
    progress.push_back({{"host", line.host.str()},
                        {"component", line.component},
                        {"state", line.state},
                        {"step", line.step},
                        {"detail", line.detail},
                        {"may_have_gone_back", line.may_have_gone_back}});
  }
  value["rolled_back_by"] = view.rolled_back_by.empty() ? json(nullptr) : json(view.rolled_back_by.str());
  value["kept"] = view.kept;
  value["progress"] = std::move(progress);
  json pauses = json::array();
  for (const fleet::PauseView& pause : view.pauses) {
    pauses.push_back({{"what", pause.what}, {"waits_for", pause.promotion ? "promotion" : "time"}});
  }
  value["pauses"] = std::move(pauses);
  json errors = json::array();
  for (const model::Failure& failure : view.row.failures) errors.push_back(error_view(failure));
  value["errors"] = std::move(errors);
  add_checks(view.checks, value);
  add_result(view, value);
  return value;
}

json target_view(const fleet::RollbackTarget& target) {
  json places = json::array();
  for (const fleet::TargetPlace& place : target.places) {
    places.push_back({{"host", place.host.str()},
                      {"component", place.component},
                      {"release", place.release.str()},
                      {"present", place.present ? json(*place.present) : json(nullptr)}});
  }
  const bool ready = std::all_of(target.places.begin(), target.places.end(),
                                 [](const fleet::TargetPlace& place) { return place.present.value_or(false); });
  return {{"deployment", target.row.id.str()},
          {"version", target.row.version},
          {"finished_ms", target.row.finished_wall_ms},
          {"score", target.score},
          {"why", target.why},
          {"serving", target.serving},
          {"rolled_back", target.rolled_back},
          {"last_stable", target.last_stable},
          {"ready", ready},
          {"places", std::move(places)}};
}

json lineage_view(const fleet::Lineage& lineage) {
  json versions = json::array();
  for (const fleet::RollbackTarget& target : lineage.targets) versions.push_back(target_view(target));
  return {{"environment", lineage.environment},
          {"name", lineage.name},
          {"undo", lineage.undo.str()},
          {"versions", std::move(versions)}};
}

json host_view(const fleet::HostView& host) {
  return {{"host", host.row.id.str()},
          {"connected", host.connected},
          {"enrolled", !host.row.public_key.empty()},
          {"revoked", host.row.revoked},
          {"removed", host.row.removed},
          {"labels", host.row.labels},
          {"agent_version", host.row.agent_version},
          {"enrolled_ms", time_or_null(host.row.enrolled_wall_ms)},
          {"last_seen_ms", time_or_null(host.row.last_seen_wall_ms)}};
}

json approval_view(const fleet::ApprovalView& view) {
  json votes = json::array();
  for (const model::ApprovalVote& vote : view.row.votes) {
    votes.push_back({{"approver", vote.approver},
                     {"granted", vote.granted},
                     {"reason", vote.reason},
                     {"wall_ms", vote.wall_ms},
                     {"second_factor", vote.second_factor}});
  }
  return {{"deployment", view.row.deployment.str()},
          {"kind", kind_name(view.deployment.kind)},
          {"name", view.deployment.name},
          {"version", view.deployment.version},
          {"environment", view.row.environment},
          {"state", model::approval_state_name(view.row.state)},
          {"deployment_state", model::state_name(view.deployment.state)},
          {"reason", view.deployment.reason},
          {"author", view.row.author},
          {"plan_hash", view.row.plan_hash},
          {"needed", view.row.needed},
          {"without", names(view.row.without)},
          {"to_nothing", view.row.to_nothing},
          {"votes", std::move(votes)},
          {"created_ms", view.row.created_wall_ms},
          {"expires_ms", view.row.expires_wall_ms}};
}

json api_token_view(const model::ApiTokenRow& row) {
  return {{"id", row.id},
          {"name", row.name},
          {"kind", access::kind_name(row.kind)},
          {"role", access::role_name(row.role)},
          {"environment", row.environment},
          {"created_by", row.created_by},
          {"created_ms", row.created_wall_ms},
          {"expires_ms", row.expires_wall_ms},
          {"revoked_ms", time_or_null(row.revoked_wall_ms)}};
}

template <class T, class View>
std::string list_body(const char* name, const std::vector<T>& items, View view) {
  json list = json::array();
  for (const T& item : items) list.push_back(view(item));
  return text_of({{name, std::move(list)}});
}

}  // namespace

std::string error_body(const std::string& code, const std::string& message,
                       const std::map<std::string, std::string>& details) {
  return text_of({{"error", {{"code", code}, {"message", message}, {"details", details}}}});
}

std::string promoted_body(const std::vector<std::string>& goes_on) {
  return text_of({{"ok", true}, {"goes_on", goes_on}});
}
std::string ok_body() { return R"({"ok":true})"; }
std::string rehearsal_body(const std::string& would) { return text_of({{"dry_run", true}, {"would", would}}); }
std::string health_body() { return R"({"status":"ok"})"; }
std::string version_body() { return text_of({{"version", SWITCHYARD_VERSION}, {"api", 1}}); }

std::string missing_chunks_body(const std::vector<std::uint32_t>& missing) { return text_of({{"missing", missing}}); }

std::string artifacts_body(const std::vector<store::PutArtifact>& artifacts) {
  return list_body("artifacts", artifacts, [](const store::PutArtifact& artifact) {
    return json{{"release", artifact.release.str()},
                {"component", artifact.component},
                {"version", artifact.version},
                {"bytes", artifact.bytes},
                {"created_ms", artifact.created_wall_ms}};
  });
}

std::string plan_body(const fleet::PlanView& view) { return text_of(plan_view(view.plan, view.outlook)); }

std::string simulation_body(const fleet::SimulationView& view) { return text_of(simulation_view(view)); }

std::string deployment_body(const fleet::DeploymentView& view) {
  json value = deployment_view(view);
  if (view.plan) value["plan"] = plan_view(*view.plan);
  return text_of(value);
}

std::string deployments_body(const std::vector<model::DeploymentRow>& rows) {
  return list_body("deployments", rows, row_view);
}

std::string rollback_targets_body(const std::vector<fleet::Lineage>& all) {
  return list_body("targets", all, lineage_view);
}

std::string rollbacks_body(const std::vector<model::DeploymentRow>& rows) {
  return list_body("rollbacks", rows, row_view);
}

std::string timeline_body(const std::vector<model::TimelineEntry>& entries, std::size_t next,
                          const fleet::DeploymentView& view) {
  json list = json::array();
  for (const model::TimelineEntry& entry : entries) {
    list.push_back({{"wall_ms", entry.wall_ms},
                    {"host", entry.host.str()},
                    {"component", entry.component},
                    {"what", entry.what},
                    {"state", entry.state},
                    {"text", entry.text},
                    {"undo", model::is_undo(entry)},
                    {"fields", entry.fields}});
  }
  return text_of({{"entries", std::move(list)}, {"next", next}, {"deployment", deployment_view(view)}});
}

std::string hosts_body(const std::vector<fleet::HostView>& hosts) { return list_body("hosts", hosts, host_view); }

std::string agents_body(const std::vector<fleet::HostView>& hosts) {
  std::vector<fleet::HostView> agents;
  for (const fleet::HostView& host : hosts) {
    if (!host.row.public_key.empty()) agents.push_back(host);
  }
  return list_body("agents", agents, host_view);
}

std::string token_body(const fleet::TokenMade& token) {
  return text_of(
      {{"id", token.id}, {"enrolment", token.enrolment}, {"expires_ms", token.expires_wall_ms}, {"lost", token.lost}});
}

std::string approval_body(const fleet::ApprovalView& view) {
  json value = approval_view(view);
  if (view.plan) value["plan"] = plan_view(*view.plan);
  value["override_freeze"] = view.override_freeze;
  return text_of(value);
}

std::string approvals_body(const std::vector<fleet::ApprovalView>& views) {
  return list_body("approvals", views, approval_view);
}

std::string api_token_made_body(const fleet::ApiTokenMade& made) {
  json value = api_token_view(made.row);
  value["token"] = made.token;
  return text_of(value);
}

namespace {

json secret_view(const fleet::SecretView& secret) {
  return {{"environment", secret.environment},
          {"name", secret.name},
          {"version", secret.version},
          {"created_by", secret.created_by},
          {"created_ms", secret.created_wall_ms}};
}

}  // namespace

std::string secret_body(const fleet::SecretView& secret) { return text_of(secret_view(secret)); }

std::string secrets_body(const std::vector<fleet::SecretView>& secrets) {
  return list_body("secrets", secrets, secret_view);
}

std::string totp_body(const std::string& uri) { return text_of({{"uri", uri}}); }

std::string api_tokens_body(const std::vector<model::ApiTokenRow>& rows) {
  return list_body("tokens", rows, api_token_view);
}

std::string serving_body(const std::vector<fleet::ServingView>& views) {
  const auto id_or_null = [](const DeploymentId& id) { return id.empty() ? json(nullptr) : json(id.str()); };
  return list_body("serving", views, [&](const fleet::ServingView& view) {
    const model::ServingRow& row = view.row;
    return json{{"host", row.host.str()},
                {"environment", row.environment},
                {"component", row.component},
                {"version", row.version},
                {"deployment", row.deployment.str()},
                {"since_ms", time_or_null(view.since_wall_ms)},
                {"connected", view.connected},
                {"last_seen_ms", time_or_null(view.last_seen_wall_ms)},
                {"removed", view.removed},
                {"now", {{"state", now_name(view.now.state)}, {"why", view.now.why}}},
                {"owed", id_or_null(view.owed)},
                {"changing", id_or_null(view.changing)},
                {"serving", old_view(row.serving)},
                {"previous", old_view(row.previous)}};
  });
}

std::string environments_body(const std::vector<std::string>& names) { return text_of({{"environments", names}}); }

std::string audit_body(const std::vector<store::StoredAudit>& rows) {
  return list_body("entries", rows, [](const store::StoredAudit& row) {
    return json{{"seq", row.seq},
                {"wall_ms", row.entry.wall_ms},
                {"principal", row.entry.principal},
                {"operation", row.entry.operation},
                {"object", row.entry.object},
                {"reason", row.entry.reason},
                {"origin", row.entry.origin},
                {"success", row.entry.success},
                {"details", row.entry.details},
                {"hash", row.hash}};
  });
}

std::string witnesses_body(const std::vector<fleet::WitnessView>& views) {
  return list_body("witnesses", views, [](const fleet::WitnessView& view) {
    return json{{"host", view.host.str()}, {"audit_head", view.audit_head}, {"connected", view.connected}};
  });
}

}  // namespace switchyard::api::views
