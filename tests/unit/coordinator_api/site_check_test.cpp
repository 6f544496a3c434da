#include "coordinator/api/site_check.hpp"

#include <gtest/gtest.h>

namespace switchyard::api {
namespace {

TEST(SiteCheck, KnowsItsOwnNamesOnAnyPort) {
  for (const char* host : {"localhost", "localhost:8765", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8765"}) {
    EXPECT_TRUE(is_allowed_host(host, {})) << host;
  }
  EXPECT_TRUE(is_allowed_host("deploy.example:443", {"deploy.example"}));
}

TEST(SiteCheck, RefusesEveryOtherName) {
  for (const char* host : {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "localhost:",
                           "localhost:x", "localhost:8765:1", "localhost@evil.example", "::1", "[::1]x", ":8765"}) {
    EXPECT_FALSE(is_allowed_host(host, {})) << host;
  }
}

TEST(SiteCheck, LetsInItsOwnOriginAndNoOther) {
  EXPECT_TRUE(is_allowed_origin(std::nullopt, "localhost:8765", {}));
  EXPECT_TRUE(is_allowed_origin("http://localhost:8765", "localhost:8765", {}));
  EXPECT_TRUE(is_allowed_origin("https://deploy.example", "localhost:8765", {"https://deploy.example"}));
  for (const char* origin : {"", "null", "http://evil.example", "http://localhost:3000", "https://localhost:8765",
                             "http://localhost:8765.evil.example"}) {
    EXPECT_FALSE(is_allowed_origin(origin, "localhost:8765", {})) << origin;
  }
}

}  // namespace
}  // namespace switchyard::api
