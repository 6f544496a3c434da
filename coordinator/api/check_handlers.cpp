#include <nlohmann/json.hpp>

#include "coordinator/api/answers.hpp"
#include "coordinator/api/check_views.hpp"
#include "coordinator/api/handlers.hpp"
#include "coordinator/api/parameters.hpp"
#include "coordinator/api/request_bodies.hpp"

namespace switchyard::api {

void get_checks(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {});
  respond({200, views::checks_body(operations.registered_checks(request.caller)), {}});
}

void register_checks(fleet::Operations& operations, const Request& request, Respond respond) {
  const fleet::RegisterChecksRequest wish = bodies::register_checks_request(request.body);
  respond(response_of(operations.register_checks(request.caller, wish), views::registered_body, 201));
}

void remove_check(fleet::Operations& operations, const Request& request, Respond respond) {
  const std::string& environment = checked_name(request.parameters[0], "environment");
  const std::string& name = checked_name(request.parameters[1], "check");
  respond(response_of(operations.remove_check(request.caller, environment, name)));
}

void run_checks(fleet::Operations& operations, const Request& request, Respond respond) {
  const fleet::RunChecksRequest wish = bodies::run_checks_request(request.body);
  operations.run_checks(request.caller, wish, [respond](const fleet::Answer<model::Verdict>& verdict) {
    respond(response_of(verdict, views::verdict_body));
  });
}

}  // namespace switchyard::api
