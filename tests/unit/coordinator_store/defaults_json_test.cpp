#include "coordinator/store/defaults_json.hpp"

#include <gtest/gtest.h>

#include "common/error.hpp"

namespace switchyard::store {
namespace {

std::string defaults_trouble(const std::string& text) {
  try {
    defaults_from_json(text);
    return {};
  } catch (const InputError& error) {
    return error.what();
  }
}

TEST(DefaultsJson, IsReadAsItWasWritten) {
  const model::ManifestDefaults all{model::Strategy::canary, 86'400, 3'600, false};
  EXPECT_EQ(defaults_from_json(to_json(all)), all);
  EXPECT_EQ(to_json(all).find("strategy_source"), std::string::npos) << "older versions know no other";
  for (const auto source : {model::StrategySource::environment, model::StrategySource::option}) {
    const model::ManifestDefaults sourced{.strategy = model::Strategy::rolling, .strategy_source = source};
    EXPECT_EQ(defaults_from_json(to_json(sourced)), sourced);
  }
  for (const bool run : {true, false}) {
    const model::ManifestDefaults asked{.run_migrations = run};
    EXPECT_EQ(defaults_from_json(to_json(asked)), asked);
  }
  EXPECT_EQ(to_json(model::ManifestDefaults{}), "{}");
  EXPECT_TRUE(defaults_from_json("{}").empty());
}

TEST(DefaultsJson, NamesWhatIsWrong) {
  for (const auto& [text, word] : {std::pair{"[]", "must be an object"},
                                   {"", "must be an object"},
                                   {R"({"strategy":"bluegreen"})", "`strategy`"},
                                   {R"({"strategy":1})", "`strategy`"},
                                   {R"({"strategy":"rolling","strategy_source":"me"})", "`strategy_source`"},
                                   {R"({"strategy":"rolling","strategy_source":2})", "`strategy_source`"},
                                   {R"({"strategy_source":"option"})", "there is none"},
                                   {R"({"check_deadline_seconds":0})", "from 1 to 86400"},
                                   {R"({"check_deadline_seconds":-1})", "from 1 to 86400"},
                                   {R"({"test_timeout_seconds":3601})", "from 1 to 3600"},
                                   {R"({"test_timeout_seconds":1.5})", "from 1 to 3600"},
                                   {R"({"rollback_on_failure":"no"})", "true or false"},
                                   {R"({"run_migrations":"no"})", "true or false"},
                                   {R"({"timeout":1})", "unknown member `timeout`"}}) {
    EXPECT_NE(defaults_trouble(text).find(word), std::string::npos) << text << " -> " << defaults_trouble(text);
  }
}

}  // namespace
}  // namespace switchyard::store
