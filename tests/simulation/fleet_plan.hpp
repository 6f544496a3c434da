#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "coordinator/model/configuration.hpp"
#include "tests/simulation/dice.hpp"
#include "tests/simulation/reference_model.hpp"

namespace switchyard::simulation {

/// The artifacts of all worlds of a process, uploaded once: eight releases for each of four components.
class Artifacts {
 public:
  Artifacts();
  ~Artifacts();
  Artifacts(const Artifacts&) = delete;
  Artifacts& operator=(const Artifacts&) = delete;
  const std::filesystem::path& directory() const { return directory_; }
  ReleaseId release(const std::string& component, int version) const { return releases_.at({component, version}); }
  static constexpr int versions = 8;

 private:
  std::filesystem::path directory_;
  std::map<std::pair<std::string, int>, ReleaseId> releases_;
};

/// What a seed's fleet runs, and how it is deployed: the source of its manifests.
struct FleetPlan {
  struct Hook {
    std::string phase;
    bool may_object = true;  ///< it is critical, and can be undone
  };
  struct Component {
    std::string name;
    std::string strategy;  ///< blue-green, rolling, canary, recreate
    std::vector<std::string> hosts;
    std::vector<std::string> dependencies;
    int max_parallel = 1;
    int priority = 0;
    std::string weights;  ///< of a canary: "10, 50"
    int pause_seconds = 0;
    bool promoted_by_hand = false;
    bool parallel_safe = true;
    bool start_in_swap = false;
    std::string runs_in;  ///< prepare or swap: a command runs once on every host
    bool run_has_undo = false;
    std::vector<Hook> hooks;
  };
  std::vector<std::string> hosts;
  std::vector<Component> components;
  int confirm_seconds = 20, watch_seconds = 2, keep_old_seconds = 60, max_parallel = 0, defer = 0;
  bool abort_on_restart = false, rollback_on_failure = true, parallel = true;
  std::string secret;  ///< with which every component is configured; empty: none is configured
  std::string rollback_strategy = "immediate";

  static constexpr const char* secret_name = "DB_PASSWORD";
  static FleetPlan draw(Dice& dice);
  /// The manifest text of a version, as a person would write it.
  std::string manifest(int version) const;
  /// Of its components, as the command line resolves it: the secret by its name.
  model::Configuration configuration() const;
  std::map<std::string, ReleaseId> releases(const Artifacts& artifacts, int version) const;
  ReferenceModel::Fleet wanted(const Artifacts& artifacts, int version) const;
};

}  // namespace switchyard::simulation
