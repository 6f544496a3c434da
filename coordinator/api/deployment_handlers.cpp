#include <algorithm>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "coordinator/api/answers.hpp"
#include "coordinator/api/failure.hpp"
#include "coordinator/api/handlers.hpp"
#include "coordinator/api/json_views.hpp"
#include "coordinator/api/parameters.hpp"
#include "coordinator/api/request_bodies.hpp"

namespace switchyard::api {
namespace {

DeploymentId deployment_of(const Request& request) {
  return DeploymentId(checked_name(request.parameters[0], "deployment"));
}

std::function<void(fleet::Answer<fleet::DeploymentView>)> respond_created(Respond respond) {
  return [respond = std::move(respond)](const fleet::Answer<fleet::DeploymentView>& answer) {
    respond(response_of(answer, views::deployment_body, 201));
  };
}

Response timeline_response(const fleet::Operations& operations, const fleet::Caller& caller, const DeploymentId& id,
                           std::size_t after) {
  return response_of(operations.deployment(caller, id), [&](const fleet::DeploymentView& view) {
    const std::vector<model::TimelineEntry> entries =
        operations.timeline(caller, id, after, limits::api_timeline_entries_max);
    return views::timeline_body(entries, after + entries.size(), view);
  });
}

fleet::Refusal no_such_rollback(const DeploymentId& id) {
  return {404,
          "not_a_rollback",
          "deployment " + id.str() + " is no rollback; see it with `switchyard deploy status " + id.str() + "`",
          {}};
}

}  // namespace

void make_plan(fleet::Operations& operations, const Request& request, Respond respond) {
  operations.plan(request.caller, bodies::deploy_request(request.body),
                  [respond = std::move(respond)](const fleet::Answer<fleet::PlanView>& answer) {
                    respond(response_of(answer, views::plan_body));
                  });
}

void simulate_deployment(fleet::Operations& operations, const Request& request, Respond respond) {
  const bodies::SimulationBody body = bodies::simulation_request(request.body);
  operations.simulate(request.caller, body.request, body.fail,
                      [respond = std::move(respond)](const fleet::Answer<fleet::SimulationView>& answer) {
                        respond(response_of(answer, views::simulation_body));
                      });
}

void start_deployment(fleet::Operations& operations, const Request& request, Respond respond) {
  fleet::DeployRequest wanted = bodies::deploy_request(request.body);
  wanted.idempotency_key = request.idempotency_key;
  operations.start(request.caller, wanted, respond_created(std::move(respond)));
}

void get_deployments(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {"limit"});
  const std::size_t limit = number_of(request, "limit", limits::api_list_default, limits::api_list_max);
  respond({200, views::deployments_body(operations.deployments(request.caller, limit)), {}});
}

void get_deployment(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {});
  respond(response_of(operations.deployment(request.caller, deployment_of(request)), views::deployment_body));
}

void get_timeline(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {"after", "wait_ms"});
  const DeploymentId id = deployment_of(request);
  const std::size_t after = number_of(request, "after", 0, limits::api_timeline_after_max);
  const std::size_t wait_ms = number_of(request, "wait_ms", 0, limits::api_wait_ms_max);
  const fleet::Caller& caller = request.caller;
  if (wait_ms == 0) {
    respond(timeline_response(operations, caller, id, after));
    return;
  }
  // The answer comes in a later turn of the loop, so its errors cannot be left to the caller of this handler.
  operations.when_timeline_grows(caller, id, after, static_cast<std::int64_t>(wait_ms),
                                 [&operations, caller, id, after, respond = std::move(respond)] {
                                   try {
                                     respond(timeline_response(operations, caller, id, after));
                                   } catch (const StaleEpochError&) {
                                     throw;
                                   } catch (const std::exception& error) {
                                     respond(response_to_error(error));
                                   }
                                 });
}

void cancel_deployment(fleet::Operations& operations, const Request& request, Respond respond) {
  const std::string reason = bodies::only_reason(request.body);
  respond(response_of(operations.cancel(request.caller, deployment_of(request), reason)));
}

void hold_deployment(fleet::Operations& operations, const Request& request, Respond respond) {
  const std::string reason = bodies::only_reason(request.body);
  respond(response_of(operations.hold(request.caller, deployment_of(request), reason)));
}

void resume_deployment(fleet::Operations& operations, const Request& request, Respond respond) {
  bodies::nothing(request.body);
  respond(response_of(operations.resume(request.caller, deployment_of(request))));
}

void promote_deployment(fleet::Operations& operations, const Request& request, Respond respond) {
  const std::optional<std::uint32_t> share = bodies::promoted_share(request.body);
  respond(response_of(operations.promote(request.caller, deployment_of(request), share), views::promoted_body));
}

void resolve_deployment(fleet::Operations& operations, const Request& request, Respond respond) {
  const bodies::Resolution gone = bodies::resolution(request.body);
  respond(response_of(operations.declare_gone(request.caller, deployment_of(request), gone.host, gone.reason)));
}

void start_rollback(fleet::Operations& operations, const Request& request, Respond respond) {
  fleet::RollbackRequest wanted = bodies::rollback_request(request.body);
  wanted.idempotency_key = request.idempotency_key;
  operations.start_rollback(request.caller, wanted, respond_created(std::move(respond)));
}

void get_rollback_targets(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {"environment", "name"});
  const auto asked = [&](const char* key) {
    const auto found = request.query.find(key);
    return found == request.query.end() ? std::string() : checked_name(found->second, key);
  };
  operations.rollback_targets(request.caller, asked("environment"), asked("name"),
                              [respond = std::move(respond)](const fleet::Answer<std::vector<fleet::Lineage>>& answer) {
                                respond(response_of(answer, views::rollback_targets_body));
                              });
}

void get_rollbacks(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {"limit"});
  const std::size_t limit = number_of(request, "limit", limits::api_list_default, limits::api_list_max);
  std::vector<model::DeploymentRow> rows = operations.deployments(request.caller, limits::api_list_max);
  std::erase_if(rows, [](const model::DeploymentRow& row) { return row.kind != model::DeploymentKind::rollback; });
  rows.resize(std::min(rows.size(), limit));
  respond({200, views::rollbacks_body(rows), {}});
}

void get_rollback(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {});
  const DeploymentId id = deployment_of(request);
  const fleet::Answer<fleet::DeploymentView> view = operations.deployment(request.caller, id);
  const auto* found = std::get_if<fleet::DeploymentView>(&view);
  if (found != nullptr && found->row.kind != model::DeploymentKind::rollback) {
    respond(response_of(no_such_rollback(id)));
    return;
  }
  respond(response_of(view, views::deployment_body));
}

}  // namespace switchyard::api
