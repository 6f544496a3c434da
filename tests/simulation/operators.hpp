#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "coordinator/fleet/operations.hpp"
#include "coordinator/store/memory_store.hpp"
#include "tests/simulation/fleet_plan.hpp"
#include "tests/simulation/host.hpp"
#include "tests/simulation/reference_model.hpp"

namespace switchyard::simulation {

/// The people at the command line, who know the coordinator by its answers alone. One works through a list of wishes,
/// asking again (with the same key) until the answer is there, and waits for the end of each; another may come between.
class Operators {
 public:
  struct Wish {
    bool rollback = false;  ///< of the last one that was done; else: deploy `version`
    int version = 1;
    bool must_succeed = false;
  };
  /// Asks inside the coordinator that is there; false if none is.
  using Ask = std::function<bool(const std::function<void(fleet::Operations&)>&)>;

  Operators(Surroundings& world, const FleetPlan& plan, const Artifacts& artifacts, ReferenceModel& model, Ask ask);

  void wish(Wish wish) { wishes_.push_back(wish); }
  void begin() { look(); }
  bool content() const { return wishes_.empty() && !busy_; }
  /// True when the present wish has to come true: nothing goes wrong any more.
  bool calm = true;

  // --- what may come between ---
  void second_operator();
  void cancel();
  void hold();
  /// Whoever restored it says `switchyard recover` as soon as every host was heard, and wishes anew.
  void store_was_restored(const store::MemoryDisk& lost);

  std::uint64_t done = 0, rolled_back = 0, refused = 0, given_up = 0;
  std::string present() const { return current_.str() + " " + last_state_ + " " + last_reason_; }

 private:
  void look();
  void ask_for_it();
  void start(fleet::Operations& operations);
  fleet::DeployRequest request() const;
  bool provide_secret(fleet::Operations& operations) const;
  void answered(const std::string& key, const fleet::Answer<fleet::DeploymentView>& answer);
  void refused_with(const fleet::Refusal& refusal);
  void follow();
  void read_rows(const fleet::Operations& operations, const std::vector<model::DeploymentRow>& rows);
  /// `host_of`: the one host of a converge deployment.
  /// `behind`: hosts that have something to follow still, whatever it is.
  void learn(const model::DeploymentRow& row, const std::function<std::optional<model::Plan>()>& plan_of,
             const std::set<std::string>& behind);
  void read_row(const fleet::Operations& operations, const model::DeploymentRow& row,
                const std::set<std::string>& behind);
  std::set<std::string> hosts_behind(const fleet::Operations& operations,
                                     const std::vector<model::DeploymentRow>& rows);
  const std::set<std::string>& hosts_of(const fleet::Operations& operations, const DeploymentId& id);
  void help(fleet::Operations& operations, const model::DeploymentRow& row);
  void finish();
  void recover(fleet::Operations& operations);

  Surroundings& world_;
  const FleetPlan& plan_;
  const Artifacts& artifacts_;
  ReferenceModel& model_;
  Ask ask_;
  std::deque<Wish> wishes_;
  bool busy_ = false;
  bool recovering_ = false;
  Wish now_;
  std::string key_;
  std::uint64_t keys_ = 0;
  DeploymentId current_, last_done_;
  std::map<std::string, std::set<std::string>> hosts_of_;  ///< of deployments that are done
  std::string last_state_, last_reason_;
  std::int64_t asked_at_ = 0;
  std::int64_t began_at_ = 0;
};

}  // namespace switchyard::simulation
