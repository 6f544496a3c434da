// libFuzzer target: a manifest from a person. What is wrong with it is an InputError that names the place; what is
// right becomes a plan whose slices every agent can read, for a fleet where everything or nothing serves, or the
// planner says why not. No other exception, whatever the text.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "coordinator/planner/deployment_planner.hpp"
#include "coordinator/planner/manifest_reader.hpp"
#include "coordinator/planner/plan_text.hpp"
#include "protocol/plan.hpp"
#include "tests/support/plan_builder.hpp"

namespace {

using namespace switchyard;

void try_plan(const model::Manifest& manifest, bool first) {
  testing::PlanBuilderOptions builder;
  builder.first = first;
  const planner::PlanningFacts facts = testing::facts_for(manifest, builder);
  planner::inventory_questions(manifest);
  try {
    const model::Plan plan = planner::plan_deployment(manifest, facts, {});
    ENSURE(!planner::plan_text(plan).empty());
    for (const auto& [host, slice] : plan.slices) {
      const std::string bytes = protocol::encode_slice(slice);
      ENSURE(protocol::encode_slice(protocol::decode_slice(bytes)) == bytes);
    }
    planner::plan_rollback(plan, {}, facts);
  } catch (const InputError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const model::Manifest manifest = planner::read_manifest(text, "deploy.yaml");
    try_plan(manifest, false);
    try_plan(manifest, true);
  } catch (const InputError& error) {
    ENSURE(std::string_view(error.what()).find("deploy.yaml") != std::string_view::npos);  // every refusal has a place
  }
  return 0;
}
