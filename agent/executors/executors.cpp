#include "agent/executors/executors.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <variant>

#include "agent/executors/release_fetch.hpp"
#include "agent/executors/unpack.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

bool is_disk_full(const SysError& error) { return error.error_number == ENOSPC || error.error_number == EDQUOT; }

/// The code by which people and the coordinator tell failures apart.
protocol::StepResult failed_by(const Error& error) {
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

}  // namespace

Executor& Executors::executor_for(const protocol::Action& action) {
  // A visit without a catch-all case: a new kind of action does not compile until it has an executor.
  return std::visit(Overloaded{
                        [&](const protocol::EnsureRelease&) -> Executor& { return table_.ensure_release; },
                        [&](const protocol::EnsureFile&) -> Executor& { return table_.ensure_file; },
                        [&](const protocol::EnsureLink&) -> Executor& { return table_.ensure_link; },
                        [&](const protocol::EnsureUnit&) -> Executor& { return table_.ensure_unit; },
                        [&](const protocol::SwitchTraffic&) -> Executor& { return table_.switch_traffic; },
                        [&](const protocol::CheckSwitch&) -> Executor& { return table_.check_switch; },
                        [&](const protocol::Drain&) -> Executor& { return table_.drain; },
                        [&](const protocol::Probe&) -> Executor& { return table_.probe; },
                        [&](const protocol::Run&) -> Executor& { return table_.run; },
                        [&](const protocol::Prune&) -> Executor& { return table_.prune; },
                        [&](const protocol::VerifyOld&) -> Executor& { return table_.verify_old; },
                    },
                    action);
}

protocol::StepResult Executors::run(const protocol::Action& action, const StepContext& context) {
  const std::int64_t began_ms = clock_.boot_ms();
  protocol::StepResult result;
  try {
    result = executor_for(action).run(action, context);
  } catch (const Error& error) {
    result = failed_by(error);
    if (result.code == "transfer" && clock_.boot_ms() >= context.deadline_boot_ms) result.code = "timeout";
  } catch (const std::exception& error) {
    result = failed("error", error.what());
  }
  result.duration_ms = static_cast<std::uint32_t>(std::max<std::int64_t>(clock_.boot_ms() - began_ms, 0));
  if (result.detail.size() > limits::excerpt_bytes_max) result.detail.resize(limits::excerpt_bytes_max);
  return result;
}

}  // namespace switchyard::agent
