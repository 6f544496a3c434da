#include "agent/executors/executor.hpp"

#include <utility>

namespace switchyard::agent {

protocol::StepResult done(bool changed, std::string detail) {
  protocol::StepResult result;
  result.state = protocol::StepState::done;
  result.changed = changed;
  result.detail = std::move(detail);
  return result;
}

protocol::StepResult failed(std::string code, std::string detail) {
  protocol::StepResult result;
  result.state = protocol::StepState::failed;
  result.code = std::move(code);
  result.detail = std::move(detail);
  return result;
}

}  // namespace switchyard::agent
