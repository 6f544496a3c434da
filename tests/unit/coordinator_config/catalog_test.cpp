#include "coordinator/config/catalog.hpp"

#include <gtest/gtest.h>

#include "tests/support/refusal.hpp"
#include "tests/unit/coordinator_config/no_renderer.hpp"

namespace switchyard::config {
namespace {

using switchyard::testing::has;
using switchyard::testing::refusal;

ConfigFile environment_file(const std::string& name, const std::string& text = "") {
  return {"c/environments/" + name + ".yaml", name, text};
}
ConfigFile server_file(const std::string& name, const std::string& text = "{}") {
  return {"c/servers/" + name + ".yaml", name, text};
}

TEST(Catalog, OneFileThatIsWrongLeavesTheOthersUsable) {
  const Catalog catalog = read_catalog({environment_file("production"), environment_file("staging", "nonsense: 1")},
                                       {server_file("api"), server_file("web", "{")});
  EXPECT_EQ(catalog.environments.size(), 1U);
  EXPECT_EQ(catalog.servers.size(), 1U);
  ASSERT_EQ(catalog.problems.size(), 2U);
  EXPECT_TRUE(has(catalog.problems[0], "c/environments/staging.yaml:1:1: unknown key"));
  EXPECT_TRUE(has(catalog.problems[1], "c/servers/web.yaml:1:"));
}

TEST(Catalog, WhatIsNotThereIsRefusedWithTheNearest) {
  const Catalog catalog =
      read_catalog({environment_file("production")}, {server_file("brave-search"), server_file("web", "{")});
  EXPECT_EQ(catalog.server("brave-search").name, "brave-search");
  EXPECT_EQ(refusal([&] { catalog.server("brave-serch"); }),
            "there is no server `brave-serch`; did you mean `brave-search`?");
  EXPECT_TRUE(has(refusal([&] { catalog.environment("x"); }), "there are: production"));
  EXPECT_TRUE(has(refusal([&] { catalog.server("web"); }), "c/servers/web.yaml:1:"));  // why it is not there
  EXPECT_TRUE(has(refusal([] { read_catalog({}, {}).server("a"); }), "the configuration has no server"));
}

TEST(Catalog, OverridesForAnEnvironmentThatIsNotThereAreAProblem) {
  const Catalog catalog = read_catalog({environment_file("production")},
                                       {server_file("api", "environment_overrides:\n  prodution: {a: 1}")});
  ASSERT_EQ(catalog.problems.size(), 1U);
  EXPECT_TRUE(has(catalog.problems[0], "c/servers/api.yaml:2:14: environment_overrides for `prodution`"));
  EXPECT_TRUE(has(catalog.problems[0], "did you mean `production`?"));
}

TEST(Catalog, TwoFilesOfOneNameAreAProblem) {
  const Catalog catalog = read_catalog({}, {server_file("api"), {"c/servers/api.yml", "api", "{}"}});
  ASSERT_EQ(catalog.problems.size(), 1U);
  EXPECT_TRUE(has(catalog.problems[0], "`api` is also in c/servers/api.yaml"));
}

TEST(Catalog, ChecksEveryServerInEveryEnvironment) {
  const Catalog catalog =
      read_catalog({environment_file("production", "variables: {port: 80}"), environment_file("staging")},
                   {server_file("api", "validation_rules: ['required:port']"), server_file("web")});
  testing::NoRenderer none;
  const CatalogCheck check = check_catalog(catalog, {[](const std::string&) { return std::nullopt; }, 0}, none);
  EXPECT_EQ(check.resolved, 4U);
  ASSERT_EQ(check.problems.size(), 1U);
  EXPECT_TRUE(has(check.problems[0], "required key 'port' is missing"));
  EXPECT_TRUE(has(check.problems[0], "[api in staging]"));
}

}  // namespace
}  // namespace switchyard::config
