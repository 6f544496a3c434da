#include <algorithm>
#include <tuple>

#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/errors.hpp"
#include "cli/rollback_report.hpp"
#include "cli/table.hpp"
#include "cli/time_text.hpp"

namespace switchyard::cli {
namespace {

/// What a person must know before believing the rest of the line.
std::string state_of(const Serving& serving) {
  if (serving.host_removed) return "host removed";
  if (!serving.changing.empty()) return "being changed by " + serving.changing;
  if (!serving.owed.empty()) return "to follow " + serving.owed;
  if (!serving.connected) {
    const std::string since = serving.last_seen_ms == 0 ? "" : " since " + date_text(serving.last_seen_ms);
    return "committed; host away" + since;
  }
  if (serving.now == "as_committed") return "serves";
  if (serving.now == "different") return "NOT as committed: " + serving.why;
  return serving.why.empty() ? "committed" : "committed; not known now: " + serving.why;
}

/// What serves is said also by a coordinator that does not know, or cannot tell, what one can go back to.
std::string targets_or_none(Context& context) {
  try {
    return context.api.get(rollback_targets_path({}, {}));
  } catch (const RefusedError&) {
    return R"({"targets":[]})";
  }
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string release_of(const Serving& serving) {
  if (serving.kind == "legacy") return "what ran before";
  return or_dash(serving.release.substr(0, 12));
}

}  // namespace

ExitStatus run_command(Context& context, const ServingStatus&) {
  const std::string answer = context.api.get("/v1/serving");
  const std::string targets = targets_or_none(context);
  if (context.console.json) {
    context.console.print_json(with_rollback_targets(answer, targets));
    return ExitStatus::done;
  }
  std::vector<Serving> all = read_serving(answer);
  // What was given back to nothing is nowhere any more.
  std::erase_if(all, [](const Serving& serving) {
    return serving.kind == "absent" && serving.owed.empty() && serving.changing.empty();
  });
  std::stable_sort(all.begin(), all.end(), [](const Serving& left, const Serving& right) {
    return std::tie(left.environment, left.component) < std::tie(right.environment, right.component);
  });
  Table table({"ENVIRONMENT", "COMPONENT", "HOST", "VERSION", "RELEASE", "SLOT", "SINCE", "STATE"});
  for (const Serving& serving : all) {
    table.add({serving.environment, serving.component, serving.host, or_dash(serving.version), release_of(serving),
               or_dash(serving.slot), date_text(serving.since_ms), state_of(serving)});
  }
  if (table.empty()) {
    context.console.notes << "Nothing is deployed yet. Begin: switchyard plan FILE\n";
  } else {
    context.console.out << table.text() << rollback_readiness(read_rollback_targets(targets));
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
