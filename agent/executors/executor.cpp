#include "agent/executors/executor.hpp"

#include <cerrno>
#include <utility>

#include "agent/executors/checksum_error.hpp"
#include "agent/executors/tar_reader.hpp"
#include "agent/executors/unpack.hpp"
#include "common/error.hpp"

namespace switchyard::agent {
namespace {

bool is_disk_full(const SysError& error) { return error.error_number == ENOSPC || error.error_number == EDQUOT; }

}  // namespace

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

protocol::StepResult failed_by(const std::exception& error) {
  if (const auto* system = dynamic_cast<const SysError*>(&error)) {
    return failed(is_disk_full(*system) ? "disk_full" : "system", error.what());
  }
  if (dynamic_cast<const ArchiveError*>(&error) != nullptr) return failed("bad_archive", error.what());
  if (dynamic_cast<const ChecksumError*>(&error) != nullptr) return failed("checksum", error.what());
  if (dynamic_cast<const TransportError*>(&error) != nullptr) return failed("transfer", error.what());
  if (dynamic_cast<const InputError*>(&error) != nullptr) return failed("bad_request", error.what());
  if (dynamic_cast<const Cancelled*>(&error) != nullptr) return failed("cancelled", error.what());
  return failed("error", error.what());
}

}  // namespace switchyard::agent
