#include "protocol/version.hpp"

#include <algorithm>
#include <set>

namespace switchyard::protocol {
namespace {

/// The kinds of the first version. The rest of the variant came later.
constexpr std::size_t first_probe_kinds = 5;

class Needs {
 public:
  void add(const ProbeSpec& probe) {
    if (probe.kind.index() >= first_probe_kinds || probe.tier) features_.insert("check-kinds");
    const auto* database = std::get_if<DatabaseProbe>(&probe.kind);
    if (database != nullptr && database->tls) features_.insert("database-tls");
  }
  void add(const Action& action) {
    if (const auto* probe = std::get_if<Probe>(&action)) add(probe->spec);
    if (std::holds_alternative<EnsureConfiguration>(action)) features_.insert("configuration");
    if (std::holds_alternative<Hook>(action)) features_.insert("hooks");
    if (std::holds_alternative<Snapshot>(action) || std::holds_alternative<Restore>(action)) {
      features_.insert("snapshots");
    }
    const auto* unit = std::get_if<EnsureUnit>(&action);
    if (unit != nullptr && (unit->cpu_quota_us || unit->memory_max_bytes)) features_.insert("configuration");
  }
  std::vector<std::string> list() const { return {features_.begin(), features_.end()}; }

 private:
  std::set<std::string> features_;
};

}  // namespace

const std::vector<std::string>& own_features() {
  static const std::vector<std::string> features = {
      "check-kinds", check_orders_feature, "configuration", "database-tls", file_saves_feature, "hooks",
      "inventory",   schema_saves_feature, "snapshots",     "stages",       "traffic-haproxy",  "traffic-nftables"};
  return features;
}

std::vector<std::string> features_needed(const PlanSlice& slice) {
  Needs needs;
  for (const SliceComponent& component : slice.components) {
    for (const Step& step : component.steps) {
      needs.add(step.action);
      if (step.undo) needs.add(*step.undo);
    }
    for (const ProbeSpec& probe : component.watch) needs.add(probe);
  }
  return needs.list();
}

std::vector<std::string> features_needed(const std::vector<ProbeSpec>& checks) {
  Needs needs;
  for (const ProbeSpec& check : checks) needs.add(check);
  std::vector<std::string> features = needs.list();
  features.insert(features.begin(), check_orders_feature);
  std::sort(features.begin(), features.end());
  return features;
}

std::optional<Agreement> agree(const Hello& hello) {
  const std::uint16_t highest = std::min(version_max, hello.protocol_max);
  if (hello.protocol_min > hello.protocol_max || highest < std::max(version_min, hello.protocol_min)) {
    return std::nullopt;
  }
  Agreement agreement{highest, {}};
  for (const std::string& feature : own_features()) {
    if (std::find(hello.features.begin(), hello.features.end(), feature) != hello.features.end()) {
      agreement.features.push_back(feature);
    }
  }
  return agreement;
}

}  // namespace switchyard::protocol
