// What Planning does for snapshots.
#include <iterator>
#include <memory>
#include <utility>

#include "coordinator/fleet/planning.hpp"
#include "coordinator/fleet/snapshot_origins.hpp"
#include "coordinator/planner/host_claims.hpp"

namespace switchyard::fleet {
namespace {

using PartQuestions = std::function<planner::InventoryQuestions(const planner::PartToRestore&)>;

InventoryRounds::Questions questions_of_parts(const planner::SnapshotToRestore& wanted, const PartQuestions& ask) {
  InventoryRounds::Questions all;
  for (const planner::PartToRestore& part : wanted.parts) {
    for (auto& [host, questions] : ask(part)) {
      std::move(questions.begin(), questions.end(), std::back_inserter(all[host]));
    }
  }
  return all;
}

}  // namespace

void Planning::restore(const model::SnapshotRow& snapshot, const Purpose& purpose, Reply<PlannedDeployment> reply) {
  auto found = snapshot_to_restore({store_, artifacts_, configurations_, hosts_}, snapshot);
  if (auto* refusal = std::get_if<Refusal>(&found)) return reply(std::move(*refusal));
  const auto wanted =
      std::make_shared<const planner::SnapshotToRestore>(std::get<planner::SnapshotToRestore>(std::move(found)));
  gather(
      questions_of_parts(*wanted, [](const auto& part) { return planner::inventory_questions(part.manifest); }), {},
      purpose, model::versions_of(snapshot),
      [wanted](const planner::PlanningFacts& gathered) {
        return questions_of_parts(*wanted, [&](const auto& part) {
          return planner::inventory_questions(planner::host_claims(part.manifest, gathered));
        });
      },
      [wanted](const planner::PlanningFacts& gathered) { return planner::plan_restore(*wanted, gathered); },
      std::move(reply));
}

void Planning::look(InventoryRounds::Questions questions, See see, Reply<PlanGround> reply) {
  gather(
      std::move(questions), {}, Use::look, {},
      [](const planner::PlanningFacts&) { return InventoryRounds::Questions(); },
      [see = std::move(see)](const planner::PlanningFacts& gathered) {
        see(gathered);
        return model::Plan();
      },
      [reply = std::move(reply)](Answer<PlannedDeployment> answer) {
        if (auto* refusal = std::get_if<Refusal>(&answer)) return reply(std::move(*refusal));
        reply(std::move(std::get<PlannedDeployment>(answer).ground));
      });
}

std::optional<Refusal> Planning::refuse_since(const PlanGround& ground) const {
  if (auto refusal = refuse_locked(ground.asked)) return refusal;
  return refuse_moved(store_, hosts_, ground, model::Plan());
}

}  // namespace switchyard::fleet
