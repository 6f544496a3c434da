#include "cli/outcome_text.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <vector>

#include "cli/time_text.hpp"

namespace switchyard::cli {
namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string done_text(const std::string& name, const Deployment& deployment) {
  std::set<std::string> hosts, components, all_hosts;
  for (const Progress& progress : deployment.progress) {
    all_hosts.insert(progress.host);
    if (progress.state == "deferred" || progress.state == "gone") continue;
    hosts.insert(progress.host);
    components.insert(progress.component);
  }
  const bool short_of_some = hosts.size() < all_hosts.size();
  const std::string on =
      " on " + (short_of_some ? std::to_string(hosts.size()) + " of " : "") + how_many(all_hosts.size(), "host");
  std::string text;
  if (deployment.progress.empty()) {
    text = name + " is done: there was nothing to do.\n";
  } else if (hosts.empty()) {
    text = name + " is over," + on + ": nothing is known to have changed.\n";
  } else {
    text = name + " is done: " + how_many(components.size(), "component") + on;
    if (deployment.finished_ms > 0) text += " in " + duration_text(deployment.finished_ms - deployment.created_ms);
    text += ".\n";
  }
  if (!deployment.kept.empty()) {
    text += "Only a part was rolled back: " + joined(deployment.kept) + " still " +
            (deployment.kept.size() == 1 ? "runs" : "run") + " the release of " + deployment.rollback_of + ".\n";
  }
  if (!deployment.rolled_back_by.empty()) {
    text += "It was rolled back since, by " + deployment.rolled_back_by + ": switchyard deploy status " +
            deployment.rolled_back_by + "\n";
  }
  return text;
}

/// Where a deployment that stands still has come to, of what was read back.
std::string standing_text(const Deployment& deployment) {
  std::size_t switched = 0, between = 0, doubtful = 0, all = 0;
  for (const Progress& row : deployment.progress) {
    if (row.component.empty()) continue;  // of a host that takes no part
    ++all;
    if (row.state == "swapped" || row.state == "held") ++switched;
    if (row.state == "swapping") ++between;
    if (row.may_have_gone_back) ++doubtful;
  }
  if (switched + between == 0) return "Nothing is switched: everything serves what it served.\n";
  std::string text = "It stands still: " + std::to_string(switched) + " of " + how_many(all, "place") +
                     (switched == 1 ? " serves" : " serve") + " the new release";
  if (between > 0) text += ", " + std::to_string(between) + (between == 1 ? " is" : " are") + " between both";
  text += switched + between < all ? ", all else what it served.\n" : ".\n";
  if (doubtful > 0) {
    text += "Of these " + how_many(doubtful, "place") + (doubtful == 1 ? " is" : " are") +
            " on hosts that are away, and may have gone back to what served before.\n";
  }
  return text;
}

std::string paused_text(const std::string& name, const std::string& why, const Deployment& deployment) {
  const bool held = deployment.reason.starts_with("held: ");
  return name + " is paused" + why + "\n" + standing_text(deployment) +
         (held ? "Go on, until all is new: switchyard deploy resume "
               : "Try again what failed, until all is new (a command that has run is not run again): "
                 "switchyard deploy resume ") +
         deployment.id + "\nUndo it, until all is as it was before: switchyard deploy abandon " + deployment.id + "\n";
}

std::string draft_text(const std::string& name, const std::string& why, const Deployment& deployment) {
  return name + " waits for approval" + why + "\nLook at it: switchyard approvals show " + deployment.id +
         "\nWatch it: switchyard deploy status " + deployment.id +
         " --follow\nTake it back: switchyard deploy cancel " + deployment.id + "\n";
}

std::string rolled_back_text(const std::string& name, const std::string& why, const Deployment& deployment) {
  const bool cancelled = deployment.reason.starts_with("cancelled: ");
  return name + (cancelled ? " was undone" : " failed and was undone") + why +
         "\nEverything runs what it ran before.\n";
}

std::string stuck_text(const std::string& name, const std::string& why, const Deployment& deployment) {
  return name + " is stuck" + why + "\nIt ends when the host comes back. If it never will: switchyard deploy resolve " +
         deployment.id + " --host HOST --gone --reason WHY\n";
}

std::string state_text(const Deployment& deployment) {
  std::string name = "Deployment " + deployment.id;
  if (deployment.kind == "rollback") name = "Rollback " + deployment.id;
  if (deployment.kind == "restore") name = "Restore " + deployment.id;
  const std::string why = deployment.reason.empty() ? "" : ": " + deployment.reason;
  if (deployment.state == "done") return done_text(name, deployment);
  if (deployment.state == "rolled_back") return rolled_back_text(name, why, deployment);
  if (deployment.state == "stuck") return stuck_text(name, why, deployment);
  if (deployment.state == "paused") return paused_text(name, why, deployment);
  if (deployment.state == "draft") return draft_text(name, why, deployment);
  if (deployment.state == "rejected") return name + " never began" + why + "\nNothing was changed.\n";
  return name + " is under way: " + deployment.state + why + "\n";
}

/// Of hosts that are not counted.
std::string left_out_text(const Deployment& deployment) {
  std::string text;
  std::vector<std::string> away;
  for (const std::string& host : deployment.deferred) {
    if (std::find(deployment.gone.begin(), deployment.gone.end(), host) == deployment.gone.end()) away.push_back(host);
  }
  if (!deployment.gone.empty()) {
    text += "Declared gone, and not counted: " + joined(deployment.gone) + ".";
    if (away.size() < deployment.deferred.size()) {
      text +=
          deployment.gone.size() == 1 ? " Should it come back, it follows." : " Should they come back, they follow.";
    }
    text += "\n";
  }
  if (!away.empty()) text += "Not reached, to follow when they come back: " + joined(away) + ".\n";
  return text;
}

std::string tier_text(const CheckTier& tier) {
  const std::string name = tier.tier == 0 ? "integrity" : tier.tier == 1 ? "smoke" : "end to end";
  if (tier.state == "not_asked") return name + " not asked";
  if (tier.checks == 0) return name + " none";
  std::string text = name + " " + std::to_string(tier.passed) + " of " + std::to_string(tier.checks);
  if (tier.warned > 0) text += ", " + std::to_string(tier.warned) + " warned";
  if (tier.failed > 0) text += ", " + std::to_string(tier.failed) + " failed";
  if (tier.state == "failed" && tier.failed == 0) text += ", and failed in another way";
  return text;
}

/// What became of the health checks; nothing where the coordinator says nothing of them.
std::string checks_text(const Deployment& deployment) {
  std::string text;
  if (deployment.checks == "off") {
    text = "Health checks: off.\n";
  } else if (!deployment.checks.empty()) {
    std::string tiers;
    for (const CheckTier& tier : deployment.check_tiers) tiers += (tiers.empty() ? "" : "; ") + tier_text(tier);
    const bool all = deployment.run_tests.empty() || deployment.run_tests == "full";
    text = "Health checks: " + deployment.checks + " (" + tiers + (all ? "" : "; run_tests: " + deployment.run_tests) +
           ").\n";
  }
  for (const std::string& warning : deployment.warnings) text += "Warning: " + warning + "\n";
  return text;
}

}  // namespace

std::string outcome_text(const Deployment& deployment) {
  return state_text(deployment) + checks_text(deployment) + left_out_text(deployment);
}

}  // namespace switchyard::cli
