#include "common/limits.hpp"
#include "coordinator/api/answers.hpp"
#include "coordinator/api/handlers.hpp"
#include "coordinator/api/json_views.hpp"
#include "coordinator/api/parameters.hpp"
#include "coordinator/api/request_bodies.hpp"

namespace switchyard::api {
namespace {

void decide(fleet::Operations& operations, const Request& request, bool grant, Respond respond) {
  fleet::ApprovalWish wish = bodies::approval_wish(request.body);
  wish.deployment = DeploymentId(checked_name(request.parameters[0], "deployment"));
  wish.grant = grant;
  operations.decide_approval(request.caller, wish,
                             [respond = std::move(respond)](const fleet::Answer<fleet::ApprovalView>& answer) {
                               respond(response_of(answer, views::approval_body));
                             });
}

}  // namespace

void get_approvals(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {"limit"});
  const std::size_t limit = number_of(request, "limit", limits::api_list_default, limits::api_list_max);
  respond({200, views::approvals_body(operations.approvals(request.caller, limit)), {}});
}

void get_approval(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {});
  const DeploymentId id(checked_name(request.parameters[0], "deployment"));
  respond(response_of(operations.approval(request.caller, id), views::approval_body));
}

void approve(fleet::Operations& operations, const Request& request, Respond respond) {
  decide(operations, request, true, std::move(respond));
}

void reject(fleet::Operations& operations, const Request& request, Respond respond) {
  decide(operations, request, false, std::move(respond));
}

}  // namespace switchyard::api
