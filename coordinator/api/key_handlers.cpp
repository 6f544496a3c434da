#include <nlohmann/json.hpp>

#include "coordinator/api/answers.hpp"
#include "coordinator/api/handlers.hpp"
#include "coordinator/api/parameters.hpp"
#include "coordinator/api/request_bodies.hpp"

namespace switchyard::api {
namespace {

nlohmann::json hosts_of(const std::vector<fleet::KeysView::Host>& hosts) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& host : hosts) list.push_back({{"host", host.id.str()}, {"connected", host.connected}});
  return list;
}

std::string keys_body(const fleet::KeysView& view) {
  nlohmann::json at_work = nlohmann::json::array();
  for (const DeploymentId& id : view.at_work) at_work.push_back(id.str());
  return nlohmann::json{{"keys", view.present},
                        {"next", view.next.empty() ? nlohmann::json() : nlohmann::json(view.next)},
                        {"known_by", hosts_of(view.known_by)},
                        {"missing", hosts_of(view.missing)},
                        {"deployments_at_work", std::move(at_work)},
                        {"in_force", view.in_force}}
      .dump();
}

}  // namespace

void get_keys(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {});
  respond(response_of(operations.keys(request.caller), keys_body));
}

void renew_keys(fleet::Operations& operations, const Request& request, Respond respond) {
  const fleet::RenewKeysRequest wish = bodies::renew_keys_request(request.body);
  respond(response_of(operations.renew_keys(request.caller, wish), keys_body));
}

}  // namespace switchyard::api
