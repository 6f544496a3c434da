#include "coordinator/api/target.hpp"

#include <gtest/gtest.h>

#include "coordinator/api/router.hpp"

namespace switchyard::api {
namespace {

TEST(Target, SplitsAndDecodesPathAndQuery) {
  const auto target = parse_target("/v1/hosts/web%2D1?after=3&text=a%20b&flag");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->segments, (std::vector<std::string>{"v1", "hosts", "web-1"}));
  EXPECT_EQ(target->query, (std::map<std::string, std::string>{{"after", "3"}, {"text", "a b"}, {"flag", ""}}));
}

TEST(Target, RefusesWhatTwoReadersCouldSeeDifferently) {
  for (const char* bad : {"", "v1", "/v1/", "/v1//hosts", "/v1/../x", "/v1/%2e%2e/x", "/v1/a%2Fb", "/v1/a%00", "/v1/%",
                          "/v1/%g0", "/v1/%1", "/v1?a=1&a=2", "/v1?=1", "/v1/%0a"}) {
    EXPECT_FALSE(parse_target(bad)) << bad;
  }
}

TEST(Router, TellsAnUnknownPathFromAnUnknownMethod) {
  const auto match = [](Method method, const char* path) {
    return find_route(routes(), method, parse_target(path)->segments);
  };
  EXPECT_TRUE(std::holds_alternative<Match>(match(Method::get, "/v1/hosts")));
  EXPECT_TRUE(std::holds_alternative<NoSuchPath>(match(Method::get, "/v1/nothing")));
  EXPECT_TRUE(std::holds_alternative<NoSuchPath>(match(Method::get, "/v1")));
  const auto other = match(Method::delete_, "/v1/hosts");
  ASSERT_TRUE(std::holds_alternative<NoSuchMethod>(other));
  EXPECT_EQ(std::get<NoSuchMethod>(other).allow, "GET, POST");
}

TEST(Router, HandsOverPathParametersInOrder) {
  const auto found = find_route(routes(), Method::put, parse_target("/v1/artifacts/abc/chunks/7")->segments);
  ASSERT_TRUE(std::holds_alternative<Match>(found));
  EXPECT_EQ(std::get<Match>(found).parameters, (std::vector<std::string>{"abc", "7"}));
}

TEST(Router, PrefersNoRouteOverAnother) {
  // Every request matches at most one route of the table: /v1/agents/tokens is no host called `tokens`.
  for (const Route& route : routes()) {
    const auto target = parse_target(std::string(route.path).replace(0, 0, ""));
    if (!target) continue;
    std::size_t matches = 0;
    for (const Route& other : routes()) {
      const auto found = find_route(std::span(&other, 1), route.method, target->segments);
      if (std::holds_alternative<Match>(found)) ++matches;
    }
    EXPECT_EQ(matches, 1u) << route.path;
  }
}

}  // namespace
}  // namespace switchyard::api
