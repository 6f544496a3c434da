#include <cstdint>
#include <limits>

#include "common/limits.hpp"
#include "coordinator/api/answers.hpp"
#include "coordinator/api/handlers.hpp"
#include "coordinator/api/json_views.hpp"
#include "coordinator/api/parameters.hpp"

namespace switchyard::api {

void get_health(fleet::Operations&, const Request&, Respond respond) { respond({200, views::health_body(), {}}); }

void get_version(fleet::Operations&, const Request&, Respond respond) { respond({200, views::version_body(), {}}); }

void get_audit(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {"after", "limit"});
  // A store counts in signed numbers: a larger one would come out as negative, that is, as all rows.
  const std::size_t after = number_of(request, "after", 0, std::numeric_limits<std::int64_t>::max());
  const std::size_t limit = number_of(request, "limit", limits::api_list_default, limits::api_list_max);
  respond(response_of(operations.audit(request.caller, after, limit), views::audit_body));
}

void get_witnesses(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {});
  respond(response_of(operations.witnesses(request.caller), views::witnesses_body));
}

}  // namespace switchyard::api
