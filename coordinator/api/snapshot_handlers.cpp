#include "common/limits.hpp"
#include "coordinator/api/answers.hpp"
#include "coordinator/api/handlers.hpp"
#include "coordinator/api/parameters.hpp"
#include "coordinator/api/request_bodies.hpp"
#include "coordinator/api/snapshot_views.hpp"

namespace switchyard::api {
namespace {

SnapshotId snapshot_of(const Request& request) { return SnapshotId(checked_name(request.parameters[0], "snapshot")); }

std::string name_in_query(const Request& request, const char* key) {
  const auto found = request.query.find(key);
  return found == request.query.end() ? std::string() : checked_name(found->second, key);
}

bool with_schemas(const Request& request) { return number_of(request, "schemas", 0, 1) > 0; }

}  // namespace

void create_snapshot(fleet::Operations& operations, const Request& request, Respond respond) {
  const fleet::SnapshotRequest wanted = bodies::snapshot_request(request.body);
  operations.create_snapshot(request.caller, wanted,
                             [respond = std::move(respond)](const fleet::Answer<fleet::SnapshotView>& answer) {
                               respond(response_of(answer, views::snapshot_body, 201));
                             });
}

void get_snapshots(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {"environment", "name", "limit"});
  const std::size_t limit = number_of(request, "limit", limits::api_list_default, limits::api_list_max);
  const auto views = operations.snapshots(request.caller, name_in_query(request, "environment"),
                                          name_in_query(request, "name"), limit);
  respond({200, views::snapshots_body(views), {}});
}

void get_snapshot(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {"schemas"});
  operations.snapshot(request.caller, snapshot_of(request), with_schemas(request),
                      [respond = std::move(respond)](const fleet::Answer<fleet::SnapshotView>& answer) {
                        respond(response_of(answer, views::snapshot_body));
                      });
}

void restore_snapshot(fleet::Operations& operations, const Request& request, Respond respond) {
  fleet::RestoreRequest wanted;
  wanted.snapshot = snapshot_of(request);
  wanted.reason = bodies::only_reason(request.body);
  wanted.idempotency_key = request.idempotency_key;
  operations.restore_snapshot(request.caller, wanted,
                              [respond = std::move(respond)](const fleet::Answer<fleet::DeploymentView>& answer) {
                                respond(response_of(answer, views::deployment_body, 201));
                              });
}

void remove_snapshot(fleet::Operations& operations, const Request& request, Respond respond) {
  respond(response_of(operations.remove_snapshot(request.caller, snapshot_of(request))));
}

}  // namespace switchyard::api
