#include <gtest/gtest.h>

#include "coordinator/templates/fill.hpp"
#include "tests/support/jinja.hpp"

namespace switchyard::templates {
namespace {

constexpr const char* variables =
    R"({"env":{"password":{"$pieces":[{"secret":"DB_PASSWORD","base64":0}]},)"
    R"("url":{"$pieces":[{"text":"pg://"},{"secret":"DB_PASSWORD","base64":0},{"text":"@db"}]}}})";

class JinjaSecretsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { renderer = std::make_unique<JinjaRenderer>(testing::source_jinja()); }
  static void TearDownTestSuite() { renderer.reset(); }
  static std::unique_ptr<JinjaRenderer> renderer;

  RenderResult render(const std::string& text) {
    RenderRequest request;
    request.text = text;
    request.variables = variables;
    request.caller["TOKEN"] = {{Piece::Kind::secret, "TOKEN", 0, 0, 0}};
    return renderer->render(request);
  }
  std::string text(const std::string& of) {
    const RenderResult result = render(of);
    if (const auto* error = std::get_if<RenderError>(&result)) return "error: " + error->message;
    return shown(std::get<Pieces>(result));
  }
};
std::unique_ptr<JinjaRenderer> JinjaSecretsTest::renderer;

TEST_F(JinjaSecretsTest, APrintedSecretIsAReference) {
  const RenderResult result = render("a {{ env.password }} b");
  const Pieces wanted = {{Piece::Kind::text, "a ", 0, 0, 0},
                         {Piece::Kind::secret, "DB_PASSWORD", 0, 0, 0},
                         {Piece::Kind::text, " b", 0, 0, 0}};
  ASSERT_TRUE(std::holds_alternative<Pieces>(result)) << text("a {{ env.password }} b");
  EXPECT_EQ(std::get<Pieces>(result), wanted);
}

TEST_F(JinjaSecretsTest, SecretsCanBeJoinedToOtherTexts) {
  EXPECT_EQ(text("{{ 'x' ~ env.password ~ 'y' }}"), "x<secret DB_PASSWORD>y");
  EXPECT_EQ(text("{{ 'x' + env.password + 'y' }}"), "x<secret DB_PASSWORD>y");
  EXPECT_EQ(text("{{ ['a', env.password] | join('-') }}"), "a-<secret DB_PASSWORD>");
  EXPECT_EQ(text("{{ '%s!' | format(env.password) }}"), "<secret DB_PASSWORD>!");
  EXPECT_EQ(text("{{ env.password or 'none' }}"), "<secret DB_PASSWORD>");
  EXPECT_EQ(text("{{ env.url }}{{ env('TOKEN') }}"), "pg://<secret DB_PASSWORD>@db<secret TOKEN>");
}

TEST_F(JinjaSecretsTest, ASecretIsEncodedWhereItIsFilledIn) {
  EXPECT_EQ(text("{{ base64_encode(env.password) }}"), "<secret DB_PASSWORD in base64>");
  EXPECT_EQ(text("{{ env.password | base64_encode | base64_encode }}"), "<secret DB_PASSWORD in base64 in base64>");
  EXPECT_NE(text("{{ base64_encode(env.url) }}").find("takes a whole secret"), std::string::npos);
}

TEST_F(JinjaSecretsTest, WhatWouldTellOfASecretIsRefused) {
  for (const char* use :
       {"{{ env.password | upper }}", "{{ env.password | length }}", "{{ env.password == 'x' }}",
        "{{ env.password < 'x' }}", "{{ 'x' in env.password }}", "{{ env.password[0] }}", "{{ env.password | list }}",
        "{{ env.password | tojson }}", "{{ env.password | urlencode }}", "{{ env.password | reverse }}",
        "{{ (env.password ~ '') | reverse }}", "{{ env.password | replace('<', 'b') }}", "{{ env.password | e }}",
        "{{ (env.password ~ 'x')[:-2] }}", "{{ {env.password: 1} }}"}) {
    EXPECT_EQ(text(use).substr(0, 5), "error") << use << " gave " << text(use);
  }
}

TEST_F(JinjaSecretsTest, ARandomTextIsAReferenceToo) {
  const RenderResult result = render("{{ random_string(32) }}-{{ random_string(8) }}");
  const Pieces wanted = {
      {Piece::Kind::random, "", 0, 32, 0}, {Piece::Kind::text, "-", 0, 0, 0}, {Piece::Kind::random, "", 1, 8, 0}};
  ASSERT_TRUE(std::holds_alternative<Pieces>(result));
  EXPECT_EQ(std::get<Pieces>(result), wanted);
}

TEST_F(JinjaSecretsTest, ARandomTextThatIsPrintedTwiceIsTheSame) {
  EXPECT_EQ(filled(std::get<Pieces>(render("{% set r = random_string(4) %}{{ r }}{{ r }}")),
                   {{}, [](std::uint32_t index, std::uint32_t) { return "r" + std::to_string(index); }}),
            "r0r0");
}

TEST_F(JinjaSecretsTest, ARandomTextHasASensibleLength) {
  for (const char* use : {"{{ random_string(0) }}", "{{ random_string(-1) }}", "{{ random_string(100000) }}",
                          "{{ random_string('8') }}", "{{ random_string(true) }}"}) {
    EXPECT_NE(text(use).find("a length from 1 to"), std::string::npos) << use;
  }
}

}  // namespace
}  // namespace switchyard::templates
