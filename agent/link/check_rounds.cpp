#include "agent/link/check_rounds.hpp"

#include <algorithm>
#include <utility>

#include "common/limits.hpp"
#include "common/log.hpp"

namespace switchyard::agent {
namespace {

protocol::CheckState state_of(const ProbeTry& tried) {
  if (tried.ok) return protocol::CheckState::passed;
  return tried.unknown ? protocol::CheckState::unknown : protocol::CheckState::failed;
}

protocol::CheckResult result_of(const std::string& check, const ProbeTry& tried) {
  protocol::CheckResult result{check, state_of(tried), tried.duration_ms, tried.detail, tried.details, 1};
  if (result.detail.size() > limits::check_detail_bytes_max) result.detail.resize(limits::check_detail_bytes_max);
  return result;
}

protocol::ChecksRun refusal(const std::string& request, std::string why) { return {request, {}, std::move(why)}; }

}  // namespace

CheckRounds::CheckRounds(EventLoop& loop, const Clock& clock, HostId self, Hands hands)
    : loop_(loop), clock_(clock), self_(std::move(self)), hands_(std::move(hands)) {}

CheckRounds::~CheckRounds() { stop_.request_stop(); }

/// Empty when it may be carried out.
std::string CheckRounds::trouble_with(const protocol::RunChecks& run) const {
  std::string why = "no plan key is trusted";
  for (const std::string& key : hands_.trusted_keys()) {
    const auto refused = protocol::refuse_order(run, self_, key);
    if (!refused) return {};
    why = *refused;
  }
  return why;
}

void CheckRounds::ordered(const protocol::RunChecks& run) {
  const std::string trouble = trouble_with(run);
  if (!trouble.empty()) {
    log::error("an order to run checks was refused", {{"why", trouble}});
    return;  // who has no right to order is told nothing
  }
  const protocol::CheckOrder order = protocol::decode_order(run.order);
  if (rounds_.contains(order.request)) return;
  const auto before = std::find_if(answered_.begin(), answered_.end(),
                                   [&](const protocol::ChecksRun& answer) { return answer.request == order.request; });
  if (before != answered_.end()) return hands_.send(*before);
  const std::int64_t late_ms = clock_.wall_ms() - order.not_after_wall_ms;
  const std::int64_t early_ms = -late_ms - 2 * limits::check_order_ms;
  if (late_ms > 0 || early_ms > 0) {
    return hands_.send(refusal(order.request,
                               "the order is too old, or of the future, by this host's clock; compare the clocks of "
                               "coordinator and host"));
  }
  begin(order);
}

void CheckRounds::begin(const protocol::CheckOrder& order) {
  if (!pool_) pool_ = std::make_unique<WorkerPool>(limits::checks_at_once, limits::check_jobs_max);
  Round& round = rounds_[order.request];
  round.left = order.checks.size();
  round.tries_end_boot_ms = clock_.boot_ms() + limits::check_tries_ms_max;
  for (const protocol::ProbeSpec& spec : order.checks) {
    Check& check = round.checks.emplace_back();
    check.spec = spec;
    check.result = {spec.name, protocol::CheckState::unknown, 0, "this host has too many checks to run", {}, 0};
  }
  for (std::size_t index = 0; index < order.checks.size(); ++index) begin_try(order.request, index);
}

/// The first one is made in any case; another only when it can end in time, whenever a thread comes to it.
void CheckRounds::begin_try(const std::string& request, std::size_t index) {
  const Round& round = rounds_.at(request);
  const Check& check = round.checks[index];
  const std::int64_t last_begin_ms = round.tries_end_boot_ms - check.spec.timeout_ms;
  const bool is_first = check.result.tries == 0;
  const bool queued =
      pool_->submit([this, request, index, spec = check.spec, is_first, last_begin_ms, stop = stop_.get_token()] {
        std::optional<ProbeTry> tried;
        if (is_first || clock_.boot_ms() <= last_begin_ms) tried = hands_.try_once(spec, stop);
        loop_.post([this, request, index, tried = std::move(tried)] { ended(request, index, tried); });
      });
  if (!queued) loop_.post([this, request, index] { ended(request, index, std::nullopt); });
}

/// Without a try, what is known of the check already is its result.
void CheckRounds::ended(const std::string& request, std::size_t index, const std::optional<ProbeTry>& tried) {
  const auto found = rounds_.find(request);
  if (found == rounds_.end()) return;
  Check& check = found->second.checks[index];
  if (tried) {
    const std::uint32_t tries = check.result.tries + 1;
    check.result = result_of(check.spec.name, *tried);
    check.result.tries = tries;
    const std::uint32_t pause_ms = std::max(check.spec.interval_ms, limits::probe_interval_ms_min);
    const std::int64_t next_end_ms = clock_.boot_ms() + pause_ms + check.spec.timeout_ms;
    if (!tried->ok && tries <= check.spec.retry_attempts.value_or(0) &&
        next_end_ms <= found->second.tries_end_boot_ms) {
      check.pause = loop_.after(pause_ms, [this, request, index] { begin_try(request, index); });
      return;
    }
  }
  if (--found->second.left > 0) return;
  protocol::ChecksRun run{request, {}, {}};
  for (Check& each : found->second.checks) run.results.push_back(std::move(each.result));
  rounds_.erase(found);
  if (rounds_.empty()) pool_.reset();
  answer(std::move(run));
}

void CheckRounds::answer(protocol::ChecksRun run) {
  hands_.send(run);
  answered_.push_back(std::move(run));
  if (answered_.size() > limits::check_answers_kept) answered_.pop_front();
}

}  // namespace switchyard::agent
