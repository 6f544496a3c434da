#include "coordinator/planner/dependency_graph.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

#include "tests/support/refusal.hpp"

namespace switchyard::planner {

using switchyard::testing::has;
using switchyard::testing::refusal;

TEST(DependencyGraph, PutsDependenciesFirstThenPriorityThenName) {
  const std::vector<GraphNode> nodes = {{"web", 0, {"api"}}, {"api", 0, {"db"}}, {"db", 0, {}},
                                        {"mail", 50, {}},    {"cache", 0, {}},   {"auth", 0, {}}};
  EXPECT_EQ(order_by_dependencies(nodes), (std::vector<std::string>{"mail", "auth", "cache", "db", "api", "web"}));
}

TEST(DependencyGraph, GivesEqualGraphsEqualOrders) {
  std::vector<GraphNode> nodes = {{"a", 1, {}}, {"b", 2, {"a"}}, {"c", 3, {"a"}}, {"d", 0, {"b", "c"}}};
  const std::vector<std::string> order = order_by_dependencies(nodes);
  do {
    EXPECT_EQ(order_by_dependencies(nodes), order);
  } while (
      std::next_permutation(nodes.begin(), nodes.end(), [](const auto& x, const auto& y) { return x.name < y.name; }));
}

TEST(DependencyGraph, NamesTheWholeCycle) {
  const std::string text = refusal([] {
    order_by_dependencies({{"server-c", 0, {"server-a"}},
                           {"server-a", 0, {"server-b"}},
                           {"server-b", 0, {"server-c"}},
                           {"alone", 0, {}},
                           {"behind", 0, {"server-c"}}});
  });
  EXPECT_TRUE(
      text.starts_with("Circular dependency detected in deployment plan involving 'server-a': "
                       "server-a -> server-b -> server-c -> server-a"))
      << text;
}

TEST(DependencyGraph, FindsAComponentThatNeedsItself) {
  EXPECT_TRUE(has(refusal([] { order_by_dependencies({{"a", 0, {"a"}}}); }), "involving 'a': a -> a"));
}

TEST(DependencyGraph, CountsADependencyThatIsNamedTwiceOnce) {
  EXPECT_EQ(order_by_dependencies({{"b", 0, {"a", "a"}}, {"a", 0, {}}}), (std::vector<std::string>{"a", "b"}));
}

namespace {

/// Edges lead to earlier nodes only, so there is no cycle; names are shuffled so that the order is not the alphabet.
rc::Gen<std::vector<GraphNode>> acyclic_graph() {
  return rc::gen::exec([] {
    const auto size = *rc::gen::inRange<std::size_t>(1, 25);
    std::vector<GraphNode> nodes(size);
    const auto salt = *rc::gen::inRange<std::size_t>(0, 1000);
    for (std::size_t i = 0; i < size; ++i) {
      nodes[i].name = "n" + std::to_string((i * 7919 + salt) % 1009) + "-" + std::to_string(i);
      nodes[i].priority = *rc::gen::inRange(-3, 4);
      for (std::size_t j = 0; j < i; ++j) {
        if (*rc::gen::inRange(0, 4) == 0) nodes[i].dependencies.push_back(nodes[j].name);
      }
    }
    return nodes;
  });
}

}  // namespace

// Feature: deployment-mcp, Property 15: Deployment Plan Ordering
// For any deployment plan, steps are ordered such that all dependencies are satisfied before execution.
RC_GTEST_PROP(DependencyGraph, SatisfiesEveryDependencyBeforeItIsNeeded, ()) {
  const std::vector<GraphNode> nodes = *acyclic_graph();
  const std::vector<std::string> order = order_by_dependencies(nodes);
  RC_ASSERT(order.size() == nodes.size());
  std::map<std::string, std::size_t> place;
  for (std::size_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  RC_ASSERT(place.size() == nodes.size());
  for (const GraphNode& node : nodes) {
    for (const std::string& dependency : node.dependencies) RC_ASSERT(place.at(dependency) < place.at(node.name));
  }
}

// An edge back from the first node closes a cycle, and the message is a walk along real dependencies.
RC_GTEST_PROP(DependencyGraph, FindsEveryCycle, ()) {
  std::vector<GraphNode> nodes = *acyclic_graph();
  const auto from = *rc::gen::inRange<std::size_t>(0, nodes.size());
  const auto to = *rc::gen::inRange<std::size_t>(from, nodes.size());
  nodes[to].dependencies.push_back(nodes[from].name);
  nodes[from].dependencies.push_back(nodes[to].name);
  const std::string text = refusal([&] { order_by_dependencies(nodes); });
  RC_ASSERT(text.starts_with("Circular dependency detected in deployment plan involving '"));
  const std::size_t begin = text.find("': ") + 3;
  std::string walk = text.substr(begin, text.find(';') - begin);
  std::vector<std::string> names;
  for (std::size_t at = walk.find(" -> "); at != std::string::npos; at = walk.find(" -> ")) {
    names.push_back(walk.substr(0, at));
    walk.erase(0, at + 4);
  }
  names.push_back(walk);
  RC_ASSERT(names.size() >= 2U);
  RC_ASSERT(names.front() == names.back());
  for (std::size_t i = 0; i + 1 < names.size(); ++i) {
    const auto node = std::find_if(nodes.begin(), nodes.end(), [&](const GraphNode& n) { return n.name == names[i]; });
    RC_ASSERT(node != nodes.end());
    RC_ASSERT(std::count(node->dependencies.begin(), node->dependencies.end(), names[i + 1]) > 0);
  }
}

}  // namespace switchyard::planner
