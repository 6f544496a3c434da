#include "coordinator/api/failure.hpp"

#include <cerrno>

#include "common/error.hpp"
#include "common/log.hpp"
#include "coordinator/api/json_views.hpp"

namespace switchyard::api {

Response refusal(int status, const std::string& code, const std::string& message) {
  return {status, views::error_body(code, message), {}};
}

Response response_to_error(const std::exception& error) {
  if (dynamic_cast<const InputError*>(&error) != nullptr) return refusal(400, "bad_input", error.what());
  if (dynamic_cast<const store::ConflictError*>(&error) != nullptr) return refusal(409, "conflict", error.what());
  log::error("request failed", {{"error", std::string(error.what())}});
  const auto* system = dynamic_cast<const SysError*>(&error);
  const bool no_room = system != nullptr && (system->error_number == ENOSPC || system->error_number == EDQUOT);
  if (no_room || dynamic_cast<const StoreFullError*>(&error) != nullptr) {
    return refusal(503, "disk_full",
                   "the coordinator's disk is full, so nothing can be changed now; free space on the disk of its state "
                   "directory, and try again");
  }
  if (dynamic_cast<const StoreError*>(&error) != nullptr) {
    return refusal(503, "store_unavailable", "the coordinator's store does not work; the coordinator's log says more");
  }
  return refusal(500, "internal", "the coordinator failed at this request; its log says more");
}

}  // namespace switchyard::api
