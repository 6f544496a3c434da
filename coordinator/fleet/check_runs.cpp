#include "coordinator/fleet/check_runs.hpp"

#include <algorithm>
#include <utility>

#include "common/limits.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/fleet/rehearsal.hpp"

namespace switchyard::fleet {
namespace {

model::Evidence empty_evidence(const HostId& host, const model::RegisteredCheck& check) {
  model::Evidence evidence;
  evidence.host = host;
  evidence.check = check.name;
  evidence.critical = check.probe.critical;
  evidence.tier = check.probe.tier.value_or(0);
  return evidence;
}

std::map<std::string, std::string> audit_details(const RunChecksRequest& request, const ChecksOfHosts& wanted) {
  std::string names, hosts;
  for (const auto& [host, checks] : wanted) hosts += (hosts.empty() ? "" : ", ") + host.str();
  for (const std::string& name : request.names) names += (names.empty() ? "" : ", ") + name;
  for (const std::string& tag : request.tags) names += (names.empty() ? "tag " : ", tag ") + tag;
  return {{"checks", request.all ? "all" : names}, {"hosts", hosts}};
}

}  // namespace

void CheckRuns::run(const Caller& caller, const RunChecksRequest& request, Reply<model::Verdict> reply) {
  auto chosen = registry_.choose(request);
  if (auto* refusal = std::get_if<Refusal>(&chosen)) return reply(std::move(*refusal));
  ChecksOfHosts wanted = checks_of_hosts(store_, std::get<std::vector<model::RegisteredCheck>>(chosen), request);
  if (caller.rehearses) {
    const auto details = audit_details(request, wanted);
    return reply(rehearsed("these health checks would be run: " + details.at("checks") + "; on " +
                           (wanted.empty() ? "no host" : details.at("hosts"))));
  }
  std::vector<model::Evidence> evidence = take_known(request, wanted);
  if (wanted.empty()) return reply(model::judge(std::move(evidence)));
  store_.commit({audit_row(clock_, caller, "health.run", request.environment, {}, audit_details(request, wanted))});
  CheckRounds::Orders orders;
  for (const auto& [host, checks] : wanted) {
    for (const model::RegisteredCheck& check : checks) orders[host].push_back(check.probe);
  }
  const bool begun =
      rounds_.run(orders, [this, environment = request.environment, wanted, evidence = std::move(evidence),
                           reply](const CheckRounds::Answers& answers) mutable {
        for (model::Evidence& one : evidence_of(environment, wanted, answers)) evidence.push_back(std::move(one));
        std::sort(evidence.begin(), evidence.end(), [](const model::Evidence& a, const model::Evidence& b) {
          return std::tie(a.check, a.host) < std::tie(b.check, b.host);
        });
        reply(model::judge(std::move(evidence)));
      });
  if (begun) return;
  reply(Refusal{409, "busy", "as many checks as may be are being run already; try again in a moment", {}});
}

std::vector<model::Evidence> CheckRuns::take_known(const RunChecksRequest& request, ChecksOfHosts& wanted) const {
  std::vector<model::Evidence> known;
  if (request.cached_ms == 0) return known;
  for (auto& [host, checks] : wanted) {
    std::erase_if(checks, [&, &at = host](const model::RegisteredCheck& check) {
      const auto kept = kept_.find({request.environment, check.name, at});
      if (kept == kept_.end()) return false;
      const std::int64_t age_ms = clock_.boot_ms() - kept->second.at_boot_ms;
      if (age_ms > request.cached_ms) return false;
      known.push_back(kept->second.evidence);
      known.back().age_ms = age_ms;
      return true;
    });
  }
  std::erase_if(wanted, [](const auto& entry) { return entry.second.empty(); });
  return known;
}

std::vector<model::Evidence> CheckRuns::evidence_of(const std::string& environment, const ChecksOfHosts& wanted,
                                                    const CheckRounds::Answers& answers) {
  std::vector<model::Evidence> all;
  for (const auto& [host, checks] : wanted) {
    const auto answer = answers.find(host);
    for (const model::RegisteredCheck& check : checks) {
      model::Evidence evidence = empty_evidence(host, check);
      evidence.detail = answer == answers.end() || answer->second.why_not.empty() ? "its agent told nothing of it"
                                                                                  : answer->second.why_not;
      if (answer != answers.end()) {
        for (const protocol::CheckResult& result : answer->second.results) {
          if (result.check != check.name) continue;
          evidence.state = result.state;
          evidence.duration_ms = result.duration_ms;
          evidence.detail = result.detail;
          evidence.details = result.details;
          evidence.tries = result.tries;
        }
      }
      if (evidence.state != protocol::CheckState::unknown) keep(environment, evidence);
      all.push_back(std::move(evidence));
    }
  }
  return all;
}

/// As many as can be registered, times a fleet, is what this can grow to; hosts and checks that are gone are forgotten
/// when it has grown.
void CheckRuns::keep(const std::string& environment, const model::Evidence& evidence) {
  if (kept_.size() >= limits::check_answers_cached_max) {
    std::erase_if(kept_, [&](const auto& entry) {
      return clock_.boot_ms() - entry.second.at_boot_ms > limits::check_cached_old_ms;
    });
  }
  if (kept_.size() >= limits::check_answers_cached_max) return;
  kept_[{environment, evidence.check, evidence.host}] = {evidence, clock_.boot_ms()};
}

void CheckRuns::forget(const std::string& environment, const std::string& name) {
  std::erase_if(kept_, [&](const auto& entry) {
    return std::get<0>(entry.first) == environment && std::get<1>(entry.first) == name;
  });
}

}  // namespace switchyard::fleet
