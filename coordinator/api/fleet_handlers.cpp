#include "coordinator/api/answers.hpp"
#include "coordinator/api/handlers.hpp"
#include "coordinator/api/json_views.hpp"
#include "coordinator/api/parameters.hpp"
#include "coordinator/api/request_bodies.hpp"

namespace switchyard::api {
namespace {

HostId host_of(const Request& request) { return HostId(checked_name(request.parameters[0], "host")); }

}  // namespace

void get_agents(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {});
  respond({200, views::agents_body(operations.hosts(request.caller)), {}});
}

void create_token(fleet::Operations& operations, const Request& request, Respond respond) {
  const std::string pattern = bodies::token_pattern(request.body);
  respond(response_of(operations.create_token(request.caller, pattern), views::token_body, 201));
}

void revoke_agent(fleet::Operations& operations, const Request& request, Respond respond) {
  bodies::nothing(request.body);
  respond(response_of(operations.revoke_agent(request.caller, host_of(request))));
}

void get_hosts(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {});
  respond({200, views::hosts_body(operations.hosts(request.caller)), {}});
}

void add_host(fleet::Operations& operations, const Request& request, Respond respond) {
  const bodies::NewHost wanted = bodies::new_host(request.body);
  respond(response_of(
      operations.add_host(request.caller, wanted.host, wanted.labels), [](bool) { return views::ok_body(); }, 201));
}

void remove_host(fleet::Operations& operations, const Request& request, Respond respond) {
  respond(response_of(operations.remove_host(request.caller, host_of(request))));
}

void replace_host(fleet::Operations& operations, const Request& request, Respond respond) {
  bodies::nothing(request.body);
  respond(response_of(operations.replace_host(request.caller, host_of(request)), views::token_body, 201));
}

void get_serving(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {});
  operations.serving(request.caller,
                     [respond = std::move(respond)](const fleet::Answer<std::vector<fleet::ServingView>>& answer) {
                       respond(response_of(answer, views::serving_body));
                     });
}

void get_environments(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {});
  respond({200, views::environments_body(operations.environments(request.caller)), {}});
}

}  // namespace switchyard::api
