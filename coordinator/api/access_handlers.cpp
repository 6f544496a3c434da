#include "coordinator/api/answers.hpp"
#include "coordinator/api/handlers.hpp"
#include "coordinator/api/json_views.hpp"
#include "coordinator/api/parameters.hpp"
#include "coordinator/api/request_bodies.hpp"

namespace switchyard::api {

void create_api_token(fleet::Operations& operations, const Request& request, Respond respond) {
  const fleet::ApiTokenRequest wanted = bodies::api_token_request(request.body);
  respond(response_of(operations.create_api_token(request.caller, wanted), views::api_token_made_body, 201));
}

void get_api_tokens(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {});
  respond({200, views::api_tokens_body(operations.api_tokens(request.caller)), {}});
}

void revoke_api_token(fleet::Operations& operations, const Request& request, Respond respond) {
  bodies::nothing(request.body);
  const std::string id = checked_name(request.parameters[0], "token");
  respond(response_of(operations.revoke_api_token(request.caller, id)));
}

void enrol_totp(fleet::Operations& operations, const Request& request, Respond respond) {
  const std::string code = bodies::totp_code(request.body);
  respond(response_of(operations.enrol_totp(request.caller, code), views::totp_body, 201));
}

void reset_totp(fleet::Operations& operations, const Request& request, Respond respond) {
  bodies::nothing(request.body);
  const std::string person = checked_name(request.parameters[0], "person");
  respond(response_of(operations.reset_totp(request.caller, person)));
}

}  // namespace switchyard::api
