#include "coordinator/config/configuration_file.hpp"

#include <gtest/gtest.h>

#include "common/error.hpp"
#include "coordinator/config/server.hpp"
#include "coordinator/model/configuration_escape.hpp"
#include "tests/support/jinja.hpp"

namespace switchyard::config {
namespace {

using model::ConfigurationFormat;
using model::ConfigurationPiece;

/// The file with `<secret NAME>` and `<random OWNER INDEX>` where something is put in.
std::string text_of(const model::ComponentConfiguration& file) {
  std::string text;
  for (const model::ConfigurationPart& part : file.parts) {
    for (const ConfigurationPiece& piece : part.pieces) {
      if (piece.kind == ConfigurationPiece::Kind::text) text += piece.text;
      if (piece.kind == ConfigurationPiece::Kind::secret) text += "<secret " + piece.text + ">";
      if (piece.kind == ConfigurationPiece::Kind::random) {
        text += "<random " + piece.text + " " + std::to_string(piece.index) + ">";
      }
    }
  }
  return text;
}

class ConfigurationFile : public ::testing::Test {
 protected:
  model::ComponentConfiguration file(ConfigurationFormat format) const {
    templates::JinjaRenderer renderer(switchyard::testing::source_jinja());
    const auto nobody = [](const std::string&) { return std::optional<std::string>(); };
    return configuration_file(
        resolve(read_server(server, "servers/api.yaml", "api"),
                read_environment(environment, "environments/production.yaml", "production"), {nobody, 0}, renderer),
        format);
  }
  std::string text(ConfigurationFormat format) const { return text_of(file(format)); }

  std::string server =
      "base_config:\n  api: {rate: 1.20, tags: [a, \"b c\"], none: {}}\n  motd: \"say \\\"hi\\\"\\n$HOME\"\n"
      "  flag: true\n  nothing: null\n"
      "templates: {url: \"pg://app:{{ env.pw }}@db\"}\n";
  std::string environment = "secrets: {pw: DB_PASSWORD}\n";
};

TEST_F(ConfigurationFile, IsJsonWithHolesForSecrets) {
  EXPECT_EQ(text(ConfigurationFormat::json),
            "{\n"
            "  \"api\": {\n"
            "    \"rate\": 1.20,\n"
            "    \"tags\": [\"a\", \"b c\"],\n"
            "    \"none\": {}\n"
            "  },\n"
            "  \"motd\": \"say \\\"hi\\\"\\n$HOME\",\n"
            "  \"flag\": true,\n"
            "  \"nothing\": null,\n"
            "  \"url\": \"pg://app:<secret DB_PASSWORD>@db\"\n"
            "}\n");
}

TEST_F(ConfigurationFile, IsYaml) {
  EXPECT_EQ(text(ConfigurationFormat::yaml),
            "\"api\":\n"
            "  \"rate\": 1.20\n"
            "  \"tags\": [\"a\", \"b c\"]\n"
            "  \"none\": {}\n"
            "\"motd\": \"say \\\"hi\\\"\\n$HOME\"\n"
            "\"flag\": true\n"
            "\"nothing\": null\n"
            "\"url\": \"pg://app:<secret DB_PASSWORD>@db\"\n");
}

TEST_F(ConfigurationFile, IsVariablesAsSystemdReadsThem) {
  EXPECT_EQ(text(ConfigurationFormat::env),
            "API_RATE=\"1.20\"\n"
            "API_TAGS=\"[\\\"a\\\", \\\"b c\\\"]\"\n"
            "API_NONE=\"{}\"\n"
            "MOTD=\"say \\\"hi\\\"\n\\$HOME\"\n"
            "FLAG=\"true\"\n"
            "NOTHING=\"\"\n"
            "URL=\"pg://app:<secret DB_PASSWORD>@db\"\n");
}

TEST_F(ConfigurationFile, KnowsWhichPartIsTheValueOfWhichKey) {
  for (const ConfigurationFormat format :
       {ConfigurationFormat::json, ConfigurationFormat::yaml, ConfigurationFormat::env}) {
    std::string keys;
    for (const model::ConfigurationPart& part : file(format).parts) {
      if (!part.key.empty()) keys += part.key + " ";
    }
    EXPECT_EQ(keys, "api.rate api.tags api.none motd flag nothing url ");
  }
}

TEST_F(ConfigurationFile, RefusesWhatNoVariableCanBe) {
  for (const char* keys : {"base_config: {\"a+b\": 1}", "base_config: {port: 1}", "base_config: {ld_preload: x}",
                           "base_config: {switchyard_slot: x}", "base_config: {a_b: 1, a: {b: 2}}"}) {
    server = keys;
    EXPECT_THROW(file(ConfigurationFormat::env), InputError) << keys;
    EXPECT_NO_THROW(file(ConfigurationFormat::json)) << keys;
  }
}

/// Else one text would be the session's and the cookie's.
TEST_F(ConfigurationFile, TellsRandomTextsOfVariablesAndTemplatesApart) {
  environment = "variables: {salt: \"{{ random_string(8) }}\"}\n";
  server = "templates: {salt2: \"{{ env.salt }}-{{ random_string(8) }}\", session: \"{{ random_string(8) }}\"}\n";
  EXPECT_EQ(text(ConfigurationFormat::json),
            "{\n  \"salt\": \"<random variables.salt 0>\",\n"
            "  \"salt2\": \"<random variables.salt 0>-<random templates.salt2 0>\",\n"
            "  \"session\": \"<random templates.session 0>\"\n}\n");
}

TEST_F(ConfigurationFile, OfNothingIsAFileAllTheSame) {
  server = "{}";
  environment = "{}";
  EXPECT_EQ(text(ConfigurationFormat::json), "{}\n");
  EXPECT_EQ(text(ConfigurationFormat::yaml), "{}\n");
  EXPECT_EQ(text(ConfigurationFormat::env), "");
}

TEST(Escaped, LeavesNoCharacterThatEndsAText) {
  EXPECT_EQ(model::escaped("a\"b\\c\nd\x01", ConfigurationFormat::json), "a\\\"b\\\\c\\nd\\u0001");
  EXPECT_EQ(model::escaped("a\"b\\c\nd`$", ConfigurationFormat::env), "a\\\"b\\\\c\nd\\`\\$");
}

/// YAML takes none of them in a file, or takes them for the end of a line.
TEST(Escaped, LeavesNoCharacterThatAReaderOfYamlTakesForAnother) {
  EXPECT_EQ(model::escaped("\u0080\u0085\u009b31m\u00a0\u2028\u2029\u2030\ufffd\ufffe\uffffé😀\x7f",
                           ConfigurationFormat::yaml),
            "\\u0080\\u0085\\u009b31m\u00a0\\u2028\\u2029\u2030\ufffd\\ufffe\\uffffé😀\\u007f");
  EXPECT_EQ(model::escaped("\xc2", ConfigurationFormat::json), "\xc2");
  EXPECT_EQ(model::escaped("\u009b", ConfigurationFormat::env), "\u009b");
}

TEST_F(ConfigurationFile, EscapesKeysAsValues) {
  server = "base_config: {\"a\\u009bb\": {\"c\\u2028d\": [{\"\\\"\\u0085\": \"x\\u009b\"}]}}";
  environment = "{}";
  EXPECT_EQ(text(ConfigurationFormat::yaml), "\"a\\u009bb\":\n  \"c\\u2028d\": [{\"\\\"\\u0085\": \"x\\u009b\"}]\n");
  EXPECT_EQ(text(ConfigurationFormat::json),
            "{\n  \"a\\u009bb\": {\n    \"c\\u2028d\": [{\"\\\"\\u0085\": \"x\\u009b\"}]\n  }\n}\n");
}

}  // namespace
}  // namespace switchyard::config
