#include "coordinator/model/approval.hpp"

namespace switchyard::model {

std::string_view approval_state_name(ApprovalState state) {
  switch (state) {
    case ApprovalState::waiting:
      return "waiting";
    case ApprovalState::granted:
      return "granted";
    case ApprovalState::rejected:
      return "rejected";
    case ApprovalState::withdrawn:
      return "withdrawn";
    case ApprovalState::expired:
      return "expired";
    case ApprovalState::voided:
      return "voided";
  }
  return "waiting";
}

}  // namespace switchyard::model
