#include "coordinator/templates/jinja_renderer.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <signal.h>

#include <fstream>

#include "common/limits.hpp"
#include "coordinator/templates/helper_process.hpp"
#include "tests/support/jinja.hpp"

namespace switchyard::templates {
namespace {

class JinjaRendererTest : public ::testing::Test {
 protected:
  RenderResult render(const std::string& text, const std::string& variables = "{}") {
    request.text = text;
    request.variables = variables;
    return renderer.render(request);
  }
  std::string text(const std::string& text_of, const std::string& variables = "{}") {
    const RenderResult result = render(text_of, variables);
    if (const auto* error = std::get_if<RenderError>(&result)) return "error: " + error->message;
    return shown(std::get<Pieces>(result));
  }
  RenderError error(const std::string& text_of, const std::string& variables = "{}") {
    const RenderResult result = render(text_of, variables);
    if (const auto* found = std::get_if<RenderError>(&result)) return *found;
    ADD_FAILURE() << "was rendered: " << shown(std::get<Pieces>(result));
    return {};
  }

  // One helper for all tests: starting Python takes a while.
  static JinjaRenderer& warm() {
    if (!shared) shared = std::make_unique<JinjaRenderer>(testing::source_jinja());
    return *shared;
  }
  static void TearDownTestSuite() { shared.reset(); }
  static std::unique_ptr<JinjaRenderer> shared;
  JinjaRenderer& renderer = warm();
  RenderRequest request;
};
std::unique_ptr<JinjaRenderer> JinjaRendererTest::shared;

TEST_F(JinjaRendererTest, RendersVariablesLoopsAndFilters) {
  EXPECT_EQ(text("{{ config.name | upper }}:{% for p in config.ports %}{{ p }},{% endfor %}",
                 R"({"config":{"name":"web","ports":[1,2]}})"),
            "WEB:1,2,");
  EXPECT_EQ(text(""), "");
  EXPECT_EQ(text("line\n"), "line\n");
  EXPECT_EQ(text("Gr\xc3\xbc\xc3\x9f \xf0\x9f\x9a\x82 {{ x }}", R"({"x":"\u00e9"})"),
            "Gr\xc3\xbc\xc3\x9f \xf0\x9f\x9a\x82 \xc3\xa9");
}

TEST_F(JinjaRendererTest, NumbersArePrintedAsTheyWereWritten) {
  EXPECT_EQ(text("{{ v }} {{ v * 2 }} {{ n }}", R"({"v":1.20,"n":15})"), "1.20 2.4 15");
}

TEST_F(JinjaRendererTest, KeysOfAMapGoBeforeItsMethods) {
  EXPECT_EQ(text("{{ config.items }} {{ config.get }}", R"({"config":{"items":"mine","get":1}})"), "mine 1");
}

TEST_F(JinjaRendererTest, EnvReadsTheCallersVariablesAndTheEnvironmentFile) {
  request.caller["DB_HOST"] = {{Piece::Kind::text, "db.internal", 0, 0, 0}};
  request.unset = {"DB_NAME"};
  const std::string variables = R"({"env":{"db_host":"from the file"}})";
  EXPECT_EQ(text("{{ env('DB_HOST') }}", variables), "db.internal");
  EXPECT_EQ(text("{{ env.DB_HOST }}", variables), "db.internal");
  EXPECT_EQ(text("{{ env.db_host }}", variables), "from the file");
  EXPECT_EQ(text("{{ env('db_host') }}", variables), "from the file");
}

TEST_F(JinjaRendererTest, AnUnsetVariableIsFalseAndNeverPrinted) {
  request.unset = {"DB_HOST"};
  EXPECT_EQ(text("{{ env('DB_HOST') or 'localhost' }}"), "localhost");
  EXPECT_EQ(text("{{ env('DB_HOST', 'fallback') }}"), "fallback");
  EXPECT_EQ(text("{{ env.DB_HOST | default('d') }}"), "d");
  EXPECT_EQ(text("{% if env('DB_HOST') %}yes{% else %}no{% endif %}"), "no");
  EXPECT_EQ(error("{{ env('DB_HOST') }}").message,
            "undefined variable 'DB_HOST': it is not set in the environment of the command");
}

TEST_F(JinjaRendererTest, AVariableThatNobodyNamesIsUndefined) {
  EXPECT_EQ(error("{{ env('HOME') or 'x' }}").message, "undefined variable 'env.HOME'");
  EXPECT_EQ(error("{{ env('PATH') }}").fault, RenderFault::undefined);
}

TEST_F(JinjaRendererTest, AnUndefinedVariableIsNamedInFullWithItsLine) {
  const RenderError missing = error("a\nb {{ env.brave_api_key }}\nc", R"({"env":{}})");
  EXPECT_EQ(missing.fault, RenderFault::undefined);
  EXPECT_EQ(missing.message, "undefined variable 'env.brave_api_key'");
  EXPECT_EQ(missing.variable, "env.brave_api_key");
  EXPECT_EQ(missing.line, 2);
  EXPECT_EQ(error("{{ x }}").message, "undefined variable 'x'");
  EXPECT_EQ(error("\n\n{{ config.api.limit }}", R"({"config":{"api":{}}})").message,
            "undefined variable 'config.api.limit'");
  EXPECT_EQ(error("{% if x == 1 %}{% endif %}").message, "undefined variable 'x'");
  EXPECT_EQ(error("{% for y in x %}{% endfor %}").message, "undefined variable 'x'");
}

TEST_F(JinjaRendererTest, ASyntaxErrorHasItsLine) {
  const RenderError syntax = error("fine\n{{ what");
  EXPECT_EQ(syntax.fault, RenderFault::syntax);
  EXPECT_EQ(syntax.line, 2);
  EXPECT_FALSE(syntax.message.empty());
}

TEST_F(JinjaRendererTest, AComputationThatFailsHasItsLine) {
  const RenderError division = error("\n{{ 1 // zero }}", R"({"zero":0})");
  EXPECT_EQ(division.fault, RenderFault::failed);
  EXPECT_EQ(division.line, 2);
  EXPECT_NE(division.message.find("ZeroDivisionError"), std::string::npos);
}

TEST_F(JinjaRendererTest, NowIsTheTimeThatItIsTold) {
  request.now_ms = 1'763'690'096'789;
  EXPECT_EQ(text("{{ now().isoformat() }}"), "2025-11-21T01:54:56.789000+00:00");
  EXPECT_EQ(text("{{ now().strftime('%Y') }}"), "2025");
}

TEST_F(JinjaRendererTest, EncodesInBase64) {
  EXPECT_EQ(text("{{ base64_encode('h\xc3\xa9') }} {{ 5 | base64_encode }}"), "aMOp NQ==");
}

TEST_F(JinjaRendererTest, AVariableMayNotHideAFunction) {
  EXPECT_NE(error("{{ now }}", R"({"now":1})").message.find("name of a function"), std::string::npos);
}

TEST_F(JinjaRendererTest, TheSandboxLetsNobodyOut) {
  const char* escapes[] = {
      "{{ ''.__class__.__mro__ }}",
      "{{ config.__class__ }}",
      "{{ config.__init__.__globals__ }}",
      "{{ env.__call__.__globals__ }}",
      "{{ env._caller }}",
      "{{ env['_caller'] }}",
      "{{ now.__globals__ }}",
      "{{ random_string.__closure__ }}",
      "{{ self.__init__.__globals__ }}",
      "{{ ''.__class__.__base__.__subclasses__() }}",
      "{{ ('%s' | attr('__class__')) }}",
      "{{ '{0.__class__.__mro__}'.format(1) }}",
      "{{ ('{0.__class__}' | string).format_map({'0': 1}) }}",
      "{{ cycler.__init__.__globals__.os }}",
      "{{ lipsum.__globals__ }}",
      "{{ joiner.__init__.__globals__ }}",
      "{{ namespace.__init__.__globals__ }}",
      "{% import 'os' as os %}",
      "{% include '/etc/passwd' %}",
      "{% extends '/etc/passwd' %}",
      "{{ [].append(1) }}",
      "{{ config.update({'a': 1}) }}",
      "{{ config.clear() }}",
      "{{ range(100000000) | list }}",
      "{{ secret._pieces }}",
      "{{ secret._marks.nonce }}",
  };
  for (const char* escape : escapes) {
    const RenderResult result =
        render(escape, R"({"config":{"a":1},"env":{},"secret":{"$pieces":[{"secret":"S","base64":0}]}})");
    EXPECT_TRUE(std::holds_alternative<RenderError>(result)) << escape << " gave " << shown(std::get<Pieces>(result));
  }
  EXPECT_EQ(text("still {{ 1 + 1 }}"), "still 2");
}

TEST_F(JinjaRendererTest, ATextOfAGigabyteIsRefused) {
  EXPECT_EQ(error("{{ 'a' * 10 ** 9 }}").fault, RenderFault::too_large);
  EXPECT_EQ(text("{{ 'still there' }}"), "still there");
}

TEST_F(JinjaRendererTest, AnOutputWithoutEndIsCutOff) {
  const RenderError bomb =
      error("{% for i in range(99999) %}{% for j in range(99999) %}{{ 'x' * 1000 }}{% endfor %}{% endfor %}");
  EXPECT_EQ(bomb.fault, RenderFault::too_large);
  EXPECT_EQ(error("{{ '\xc3\xa9' * 200000 }}").fault, RenderFault::too_large);  // bytes count, not characters
  EXPECT_EQ(text("{{ ('x' * 250000) | length }}"), "250000");
}

TEST_F(JinjaRendererTest, ATemplateThatNestsWithoutEndFails) {
  const std::string deep(20'000, '(');
  error("{{ " + deep + "1" + std::string(20'000, ')') + " }}");
  error("{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}");
  EXPECT_EQ(text("{{ 'still there' }}"), "still there");
}

TEST_F(JinjaRendererTest, TemplatesAndVariablesAreBounded) {
  EXPECT_EQ(error(std::string(limits::template_bytes_max + 1, 'x')).fault, RenderFault::too_large);
  EXPECT_EQ(error("{{ x }}", "{\"x\":\"" + std::string(limits::template_request_bytes_max, 'x') + "\"}").fault,
            RenderFault::too_large);
}

TEST_F(JinjaRendererTest, OneRenderingLeavesNothingToTheNext) {
  text("{% set a = 5 %}{% macro m() %}x{% endmacro %}{{ m() }}");
  EXPECT_EQ(error("{{ a }}").message, "undefined variable 'a'");
  EXPECT_EQ(error("{{ m() }}").message, "undefined variable 'm'");
}

TEST_F(JinjaRendererTest, AHelperThatSomebodyKilledIsReplaced) {
  EXPECT_EQ(text("{{ 1 }}"), "1");
  const pid_t first = renderer.helper_pid();
  ASSERT_GT(first, 0);
  ::kill(first, SIGKILL);
  EXPECT_EQ(text("{{ 2 }}"), "2");
  EXPECT_NE(renderer.helper_pid(), first);
}

/// Any characters of Unicode but NUL and carriage returns, of which Jinja2 makes line feeds.
std::string any_text() {
  std::string text;
  for (const std::uint32_t code : *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::oneOf(
           rc::gen::inRange<std::uint32_t>(1, 0x80), rc::gen::inRange<std::uint32_t>(0x80, 0x800),
           rc::gen::inRange<std::uint32_t>(0x800, 0xd800), rc::gen::inRange<std::uint32_t>(0x10000, 0x110000)))) {
    if (code == '\r') continue;
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else if (code < 0x800) {
      text += {static_cast<char>(0xc0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
    } else if (code < 0x10000) {
      text += {static_cast<char>(0xe0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 63)),
               static_cast<char>(0x80 | (code & 63))};
    } else {
      text += {static_cast<char>(0xf0 | code >> 18), static_cast<char>(0x80 | (code >> 12 & 63)),
               static_cast<char>(0x80 | (code >> 6 & 63)), static_cast<char>(0x80 | (code & 63))};
    }
  }
  return text;
}

// The resolver does not render what is no template: then the renderer must not change it either.
RC_GTEST_FIXTURE_PROP(JinjaRendererTest, WhatIsNoTemplateIsRenderedToItself, ()) {
  const std::string what = any_text();
  RC_PRE(!is_template(what));
  RC_ASSERT(text(what) == what);
}

RC_GTEST_FIXTURE_PROP(JinjaRendererTest, AValueArrivesAsItIs, ()) {
  const std::string what = any_text();
  request.caller["X"] = {{Piece::Kind::text, what, 0, 0, 0}};
  RC_ASSERT(text("{{ env('X') }}") == what);
  request.caller.clear();
  RC_ASSERT(text("{{ x }}", "{\"x\":" + json_text(what) + "}") == what);
}

// These need renderers of their own.
TEST(JinjaRenderer, KillsATemplateThatRunsTooLong) {
  JinjaOptions options = testing::source_jinja();
  JinjaRenderer warm(options);
  RenderRequest request;
  request.text = "{{ 1 }}";
  request.variables = "{}";
  warm.render(request);

  options.render_ms_max = 300;
  JinjaRenderer renderer(options);
  request.text = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}";
  const RenderResult result = renderer.render(request);
  ASSERT_TRUE(std::holds_alternative<RenderError>(result));
  EXPECT_EQ(std::get<RenderError>(result).fault, RenderFault::too_long);
  EXPECT_EQ(renderer.helper_pid(), 0);
}

// Whoever waited may have been killed, and then nobody ends the helper.
TEST(JinjaRenderer, AHelperThatNobodyWaitsForEndsByItself) {
  const JinjaOptions options = testing::source_jinja();
  HelperProcess helper(
      {options.interpreter, "-I", "-B", options.script, std::to_string(limits::template_memory_bytes_max)});
  ASSERT_EQ(helper.read_line(20'000, 1'000).outcome, HelperProcess::Outcome::line);
  const std::string endless =
      R"({"text":"{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}","variables":"{}",)"
      R"("caller":{},"unset":[],"output_bytes_max":1000,"seconds_max":0.2})";
  EXPECT_EQ(helper.ask(endless, 30'000, 1'000).outcome, HelperProcess::Outcome::ended);
}

TEST(JinjaRenderer, ReplacesTheHelperAfterItsShareOfRenderings) {
  JinjaOptions options = testing::source_jinja();
  options.renders_per_helper = 2;
  JinjaRenderer renderer(options);
  RenderRequest request;
  request.text = "{{ 1 }}";
  request.variables = "{}";
  std::vector<pid_t> pids;
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(std::holds_alternative<Pieces>(renderer.render(request)));
    pids.push_back(renderer.helper_pid());
  }
  EXPECT_EQ(pids[0], pids[1]);
  EXPECT_NE(pids[1], pids[2]);
  EXPECT_EQ(pids[2], pids[3]);
}

TEST(JinjaRenderer, SaysWhatIsMissingWhereTheHelperCannotRun) {
  RenderRequest request;
  request.variables = "{}";
  const auto trouble = [&](JinjaOptions options) {
    JinjaRenderer renderer(std::move(options));
    try {
      renderer.render(request);
    } catch (const RendererError& error) {
      return std::string(error.what());
    }
    return std::string("(rendered)");
  };
  JinjaOptions options = testing::source_jinja();
  options.interpreter = "/nowhere/python3";
  EXPECT_NE(trouble(options).find("python3-jinja2"), std::string::npos);
  options = testing::source_jinja();
  options.script = "/nowhere/helper.py";
  EXPECT_NE(trouble(options).find("it ended at once"), std::string::npos);
}

}  // namespace
}  // namespace switchyard::templates
