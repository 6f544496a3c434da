#include "protocol/version.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace switchyard::protocol {
namespace {

PlanSlice slice_of(Action action) {
  Step step;
  step.action = std::move(action);
  SliceComponent component;
  component.steps = {std::move(step)};
  PlanSlice slice;
  slice.components = {std::move(component)};
  return slice;
}

template <class Variant>
std::vector<Variant> each_kind() {
  return []<std::size_t... I>(std::index_sequence<I...>) {
    return std::vector<Variant>{Variant(std::in_place_index<I>)...};
  }
  (std::make_index_sequence<std::variant_size_v<Variant>>{});
}

TEST(Versions, AgreeOnTheHighestThatBothSpeakAndOnCommonFeatures) {
  Hello hello;
  hello.protocol_min = 1;
  hello.protocol_max = 9;
  hello.features = {"stages", "telepathy"};
  EXPECT_EQ(agree(hello), (Agreement{version_max, {"stages"}}));
  hello.protocol_min = version_max + 1;
  EXPECT_EQ(agree(hello), std::nullopt);
  hello.protocol_min = 2;
  hello.protocol_max = 1;
  EXPECT_EQ(agree(hello), std::nullopt);
}

TEST(Features, AreSortedAndHoldAllThatAPlanCanNeed) {
  EXPECT_TRUE(std::is_sorted(own_features().begin(), own_features().end()));
  for (const Action& action : each_kind<Action>()) {
    for (const std::string& feature : features_needed(slice_of(action))) {
      EXPECT_TRUE(std::binary_search(own_features().begin(), own_features().end(), feature)) << feature;
    }
  }
}

/// Who adds a kind must say which feature it belongs to: an agent of an earlier version would refuse it.
TEST(Features, AreNeededByEveryKindThatTheFirstVersionHadNot) {
  constexpr std::size_t first_actions = 11, first_probes = 5;
  for (const Action& action : each_kind<Action>()) {
    EXPECT_EQ(features_needed(slice_of(action)).empty(), action.index() < first_actions) << action_name(action);
  }
  for (const auto& kind : each_kind<decltype(ProbeSpec::kind)>()) {
    ProbeSpec spec;
    spec.kind = kind;
    EXPECT_EQ(features_needed(slice_of(Probe{spec})).empty(), kind.index() < first_probes) << kind.index();
    PlanSlice watched = slice_of(EnsureLink{});
    watched.components[0].watch = {spec};
    EXPECT_EQ(features_needed(watched).empty(), kind.index() < first_probes) << kind.index();
  }
}

TEST(Features, AreNeededByFieldsThatAnOlderAgentPassesOver) {
  EnsureUnit unit;
  EXPECT_TRUE(features_needed(slice_of(unit)).empty());
  unit.memory_max_bytes = 1 << 20;
  EXPECT_EQ(features_needed(slice_of(unit)), std::vector<std::string>{"configuration"});
  PlanSlice undone = slice_of(EnsureLink{});
  undone.components[0].steps[0].undo = unit;
  EXPECT_EQ(features_needed(undone), std::vector<std::string>{"configuration"});
  ProbeSpec tiered;
  tiered.tier = 0;
  EXPECT_EQ(features_needed(slice_of(Probe{tiered})), std::vector<std::string>{"check-kinds"});
}

/// An agent that knows nothing of TLS would ask in clear, and call it well.
TEST(Features, AreNeededByADatabaseThatIsToBeAskedOverTls) {
  ProbeSpec database;
  database.kind = DatabaseProbe{};
  EXPECT_EQ(features_needed(std::vector<ProbeSpec>{database}),
            (std::vector<std::string>{"check-kinds", "check-orders"}));
  std::get<DatabaseProbe>(database.kind).tls = TlsDemand{};
  EXPECT_EQ(features_needed(slice_of(Probe{database})), (std::vector<std::string>{"check-kinds", "database-tls"}));
  EXPECT_EQ(features_needed(std::vector<ProbeSpec>{database}),
            (std::vector<std::string>{"check-kinds", "check-orders", "database-tls"}));
}

}  // namespace
}  // namespace switchyard::protocol
