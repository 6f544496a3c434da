#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "coordinator/config/caller_settings.hpp"
#include "coordinator/config/catalog.hpp"
#include "coordinator/planner/health_check_reader.hpp"
#include "coordinator/planner/manifest_reader.hpp"
#include "tests/support/jinja.hpp"
#include "tests/support/source_tree.hpp"

namespace switchyard::config {
namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}
std::filesystem::path source(const std::string& path) { return switchyard::testing::source_tree() / path; }

std::vector<ConfigFile> files_of(const std::string& directory) {
  std::vector<ConfigFile> files;
  for (const auto& entry : std::filesystem::directory_iterator(source("examples/mcp-servers/deploy/" + directory))) {
    files.push_back({entry.path().string(), entry.path().stem().string(), contents(entry.path())});
  }
  return files;
}

// What the documentation shows can be used as it stands: each example says in its first line which file it is.
TEST(ConfigurationDocumentation, EveryExampleLoads) {
  const std::string text = contents(source("docs/configuration.md"));
  const std::string fence = "```yaml\n";
  int examples = 0;
  for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at + 1)) {
    const std::size_t begin = at + fence.size();
    const std::string example = text.substr(begin, text.find("```", begin) - begin);
    const std::string head = example.substr(0, example.find('\n'));
    const std::string name = std::filesystem::path(head).stem().string();
    if (head.find("/environments/") != std::string::npos) {
      EXPECT_NO_THROW(read_environment(example, head, name)) << example;
    } else {
      ASSERT_NE(head.find("/servers/"), std::string::npos) << head;
      EXPECT_NO_THROW(read_server(example, head, name)) << example;
    }
    ++examples;
  }
  EXPECT_EQ(examples, 3);
}

TEST(ConfigurationDocumentation, EverySettingOfTheCallerIsInIt) {
  const std::string text = contents(source("docs/configuration.md"));
  for (const CallerSetting& one : read_caller_settings([](const std::string&) { return std::nullopt; })) {
    EXPECT_NE(text.find("`" + one.name + "`"), std::string::npos) << one.name;
  }
}

TEST(McpServersExample, ResolvesEverywhere) {
  const Catalog catalog = read_catalog(files_of("config/environments"), files_of("config/servers"));
  EXPECT_TRUE(catalog.problems.empty()) << catalog.problems.front();
  templates::JinjaRenderer renderer(switchyard::testing::source_jinja());
  const ResolveInputs inputs{[](const std::string&) { return std::nullopt; }, 1'763'690'096'789};
  const CatalogCheck check = check_catalog(catalog, inputs, renderer);
  EXPECT_TRUE(check.problems.empty()) << check.problems.front();
  EXPECT_EQ(check.resolved, 4U);

  const Resolved search = resolve(catalog.server("brave-search"), catalog.environment("production"), inputs, renderer);
  EXPECT_EQ(shown(*search.config.find_path("api.rate_limit_per_minute")), "500");
  EXPECT_EQ(shown(*search.config.find("timeout")), "15");
  EXPECT_EQ(shown(*search.config.find("retry_attempts")), "3");
  EXPECT_EQ(shown(*search.config.find("api_key")), "<secret BRAVE_API_KEY>");
  EXPECT_EQ(shown(*search.config.find("db_host")), "localhost");
  const Resolved scanner =
      resolve(catalog.server("security-scanner"), catalog.environment("staging"), inputs, renderer);
  EXPECT_EQ(shown(*scanner.config.find("database_url")),
            "postgresql://scanner:<secret STAGING_DB_PASSWORD>@localhost/scans");
  EXPECT_EQ(shown(*scanner.config.find("report_name")), "security-scanner-staging-20251121");
}

TEST(McpServersExample, DeploymentAndHealthChecksLoad) {
  for (const ConfigFile& file : files_of("deployments")) {
    const model::Manifest manifest = planner::read_manifest(file.text, file.path);
    EXPECT_EQ(manifest.components.size(), 2U);
    EXPECT_EQ(manifest.environment, "production");
    // It can be deployed as it stands, and its programs are in its releases.
    for (const model::Component& component : manifest.components) {
      EXPECT_FALSE(component.hosts.empty()) << component.name;
      EXPECT_TRUE(component.service.configuration.has_value()) << component.name;
      const std::filesystem::path release =
          std::filesystem::path(file.path).parent_path() / component.artifact.directory;
      ASSERT_FALSE(component.service.command.empty()) << component.name;
      const auto mode = std::filesystem::status(release / component.service.command.front()).permissions();
      EXPECT_NE(mode & std::filesystem::perms::owner_exec, std::filesystem::perms::none) << release;
    }
  }
  std::set<std::string> names;
  for (const ConfigFile& file : files_of("health-checks")) {
    for (const auto& check : planner::read_check_file(file.text, file.path)) names.insert(check.probe.name);
  }
  EXPECT_EQ(names, (std::set<std::string>{"http_health_api", "tcp_api_port", "filesystem_health"}));
}

}  // namespace
}  // namespace switchyard::config
