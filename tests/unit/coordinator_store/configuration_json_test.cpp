#include "coordinator/store/configuration_json.hpp"

#include <gtest/gtest.h>

#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::store {
namespace {

using model::ConfigurationPiece;

std::string trouble(const std::string& text) {
  try {
    configuration_from_json(text);
    return {};
  } catch (const InputError& error) {
    return error.what();
  }
}

TEST(ConfigurationJson, IsReadAsItWasWritten) {
  model::Configuration configuration;
  configuration.environment = "production";
  configuration.limits = {1'250, std::uint64_t{1} << 33U};
  configuration.require_mfa = true;
  configuration.encrypt_at_rest = true;
  configuration.components["api"] = {model::ConfigurationFormat::env,
                                     {{"", {{ConfigurationPiece::Kind::text, "A=\""}}},
                                      {"a",
                                       {{ConfigurationPiece::Kind::secret, "DB_PASSWORD", 3, 0, 0, 1},
                                        {ConfigurationPiece::Kind::random, "templates.a", 0, 2, 16, 0}}}}};
  EXPECT_EQ(configuration_from_json(to_json(configuration)), configuration);
  model::Configuration least;
  least.environment = "e";
  EXPECT_EQ(configuration_from_json(to_json(least)), least);
}

TEST(ConfigurationJson, OfAStrangerIsReadWithBounds) {
  const auto part = [](const std::string& piece) {
    return R"({"environment":"e","components":{"api":{"format":"json","parts":[{"pieces":[)" + piece + "]}]}}}";
  };
  EXPECT_EQ(trouble(part(R"({"text":"a"})")), "");
  for (const std::string& text :
       {std::string("[]"), std::string("{"), std::string("{}"), std::string(R"({"environment":"E"})"),
        std::string(R"({"environment":"e","more":1})"),
        std::string(R"({"environment":"e","limits":{"cpu_millicores":0}})"),
        std::string(R"({"environment":"e","limits":{"memory_bytes":-1}})"),
        std::string(R"({"environment":"e","require_mfa":"yes"})"),
        std::string(R"({"environment":"e","components":{"A":{"format":"json","parts":[]}}})"),
        std::string(R"({"environment":"e","components":{"api":{"format":"toml","parts":[]}}})"), part(R"({"text":1})"),
        part(R"({"secret":"a b"})"), part(R"({"secret":"A","base64":100})"), part(R"({"random":0,"of":"a"})"),
        part(R"({"random":0,"of":"a","length":100000})"), part(R"({"text":"a\u0000"})"), part(R"({"txt":"a"})"),
        std::string(limits::configuration_request_bytes_max + 1, ' ')}) {
    EXPECT_TRUE(trouble(text).starts_with("`configuration`: ")) << text.substr(0, 100);
  }
}

}  // namespace
}  // namespace switchyard::store
