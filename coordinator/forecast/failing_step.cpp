#include <set>
#include <string_view>
#include <utility>
#include <variant>

#include "common/error.hpp"
#include "common/nearest.hpp"
#include "coordinator/forecast/simulation.hpp"

namespace switchyard::forecast {
namespace {

/// Fewer digits of an id would be found in a title too easily.
constexpr std::size_t id_digits_min = 8;

bool is_meant(const std::string& wanted, const HostId& host, const std::string& component, const protocol::Step& step) {
  if (wanted == step.title || wanted == host.str() + "/" + step.title) return true;
  if (wanted == host.str() + "/" + component + "/" + step.title) return true;
  return wanted.size() >= id_digits_min && step.id.str().starts_with(wanted);
}

/// Why its failure cannot be played through; empty: it can.
std::string trouble_with(const protocol::Step& step) {
  if (step.phase == protocol::Phase::retire) {
    return "runs when everything is committed and over: its failure changes nothing of that";
  }
  if (does_nothing(step.action)) {
    return "does nothing, so it cannot fail: the hook is called on the way back, where its failure is told and passed "
           "over";
  }
  return "";
}

}  // namespace

bool does_nothing(const protocol::Action& action) {
  const auto* hook = std::get_if<protocol::Hook>(&action);
  return hook != nullptr && hook->command.argv.empty();
}

bool is_passed_over(const protocol::Action& action) {
  if (const auto* hook = std::get_if<protocol::Hook>(&action)) return !hook->critical;
  const auto* probe = std::get_if<protocol::Probe>(&action);
  return probe != nullptr && !probe->spec.critical;
}

FailingStep find_failing_step(const model::Plan& plan, const std::string& wanted) {
  std::vector<std::pair<FailingStep, std::string>> found;
  std::set<std::string> titles;
  for (const auto& [host, slice] : plan.slices) {
    for (const protocol::SliceComponent& component : slice.components) {
      for (const protocol::Step& step : component.steps) {
        titles.insert(step.title);
        if (!is_meant(wanted, host, component.name, step)) continue;
        if (const std::string trouble = trouble_with(step); !trouble.empty()) {
          throw InputError("--fail: the step `" + step.title + "` " + trouble);
        }
        found.emplace_back(FailingStep{host, step.id}, host.str() + "/" + component.name + "/" + step.title);
      }
    }
  }
  if (found.size() == 1) return found.front().first;
  if (!found.empty()) {
    throw InputError("--fail: `" + wanted + "` is " + std::to_string(found.size()) + " steps of this plan; say which " +
                     "one, for example `" + found.front().second + "` or `" + found.back().second + "`");
  }
  const std::vector<std::string_view> known(titles.begin(), titles.end());
  throw InputError("--fail: no step of this plan is called `" + wanted + "`" + did_you_mean(wanted, known) +
                   "; `switchyard plan` shows them");
}

}  // namespace switchyard::forecast
