#include <nlohmann/json.hpp>

#include "coordinator/api/answers.hpp"
#include "coordinator/api/handlers.hpp"
#include "coordinator/api/parameters.hpp"
#include "coordinator/api/request_bodies.hpp"

namespace switchyard::api {
namespace {

template <class Ids>
nlohmann::json names_of(const Ids& ids) {
  nlohmann::json names = nlohmann::json::array();
  for (const auto& id : ids) names.push_back(id.str());
  return names;
}

}  // namespace

void get_recovery(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {});
  nlohmann::json body = {{"needed", false}};
  if (const auto view = operations.recovery(request.caller)) {
    body = {{"needed", true},
            {"epoch_obeyed", view->epoch_obeyed},
            {"epoch_stored", view->epoch_stored},
            {"heard", names_of(view->heard)},
            {"missing", names_of(view->missing)}};
  }
  respond({200, body.dump(), {}});
}

void recover(fleet::Operations& operations, const Request& request, Respond respond) {
  const auto answer = operations.recover(request.caller, bodies::recover_request(request.body));
  respond(response_of(answer, [](const fleet::RecoveryDone& done) {
    return nlohmann::json{{"epoch", done.epoch},
                          {"committed", names_of(done.committed)},
                          {"aborted", names_of(done.aborted)},
                          {"admitted", names_of(done.admitted)},
                          {"tokens_burnt", done.tokens_burnt}}
        .dump();
  }));
}

}  // namespace switchyard::api
