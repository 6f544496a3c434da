#include "common/error.hpp"
#include "coordinator/api/answers.hpp"
#include "coordinator/api/handlers.hpp"
#include "coordinator/api/json_views.hpp"
#include "coordinator/api/parameters.hpp"
#include "coordinator/api/request_bodies.hpp"

namespace switchyard::api {

void set_secret(fleet::Operations& operations, const Request& request, Respond respond) {
  const fleet::SecretRequest wanted = bodies::secret_request(request.body);
  respond(response_of(operations.set_secret(request.caller, wanted), views::secret_body, 201));
}

void get_secrets(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {});
  respond({200, views::secrets_body(operations.secrets(request.caller)), {}});
}

void remove_secret(fleet::Operations& operations, const Request& request, Respond respond) {
  const std::string environment = checked_name(request.parameters[0], "environment");
  const std::string& name = request.parameters[1];
  if (!model::is_secret_name(name)) throw InputError("this is no name of a secret: letters, digits and `_`");
  respond(response_of(operations.remove_secret(request.caller, environment, name)));
}

}  // namespace switchyard::api
