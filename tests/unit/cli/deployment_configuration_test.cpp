#include "cli/deployment_configuration.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "common/error.hpp"
#include "coordinator/planner/manifest_reader.hpp"
#include "coordinator/store/configuration_json.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/jinja.hpp"

namespace switchyard::testing {
namespace {

namespace fs = std::filesystem;

/// As if the command was called there.
class InDirectory {
 public:
  explicit InDirectory(const fs::path& directory) : before_(fs::current_path()) { fs::current_path(directory); }
  ~InDirectory() { fs::current_path(before_); }
  InDirectory(const InDirectory&) = delete;
  InDirectory& operator=(const InDirectory&) = delete;

 private:
  fs::path before_;
};

class DeploymentConfiguration : public ::testing::Test {
 protected:
  void SetUp() override {
    write("environments/production.yaml",
          "variables: {home: \"{{ env('HOME_OF') or 'x' }}\"}\nsecrets: {pw: DB_PASSWORD}\n"
          "resource_limits: {cpu_cores: 1.5, memory_gb: 2}\n"
          "security_policies: {require_mfa: true, encrypt_at_rest: true}\n");
    write("servers/api.yaml",
          "base_config: {port: 80}\ntemplates: {url: \"pg://{{ env.pw }}@db\"}\n"
          "validation_rules: [\"required:port\"]\n");
  }
  void TearDown() override { fs::remove_all(place()); }
  static fs::path place() {
    return fs::temp_directory_path() / ("switchyard-deploy-config-" + std::to_string(::getpid()));
  }
  static void write(const std::string& file, const std::string& text) {
    fs::create_directories((place() / "config" / file).parent_path());
    std::ofstream(place() / "config" / file) << text;
  }

  model::Configuration configuration(const std::string& service, const std::string& directory,
                                     const std::string& environment = "") {
    const model::Manifest manifest = planner::read_manifest(
        "metadata: {name: shop, environment: production}\ncomponents:\n  - {name: api, service: {command: [bin/api]" +
            service + "}}\n",
        "m.yaml");
    const auto caller = [this](const char* name) -> const char* {
      const auto found = variables.find(name);
      return found == variables.end() ? nullptr : found->second.c_str();
    };
    templates::JinjaRenderer renderer(source_jinja());
    const cli::ReadEnvironment read = caller;
    cli::Offline local{console, read, clock, renderer};
    const auto catalog = cli::catalog_for(local, environment.empty() ? "production" : environment, directory);
    return cli::configuration_of(local, manifest, environment, catalog);
  }
  static std::string here() { return (place() / "config").string(); }

  FakeClock clock;
  std::map<std::string, std::string> variables;
  std::ostringstream out, notes;
  cli::Console console{out, notes};
};

constexpr const char* asked = ", configuration: {format: json, file: app.json}";

TEST_F(DeploymentConfiguration, IsWhatTheCoordinatorReadsAndHoldsNoSecret) {
  variables = {{"DB_PASSWORD", "hunter2"}, {"HOME_OF", "/home/ann"}};
  const model::Configuration made = configuration(asked, here());
  EXPECT_EQ(made.environment, "production");
  EXPECT_EQ(made.limits, (model::ResourceLimits{1'500, std::uint64_t{2} << 30U}));
  EXPECT_TRUE(made.require_mfa && made.encrypt_at_rest);
  ASSERT_EQ(made.components.size(), 1u);
  const std::string sent = cli::write_configuration(made);
  EXPECT_EQ(store::configuration_from_json(sent), made);
  EXPECT_EQ(sent.find("hunter2"), std::string::npos);
  EXPECT_NE(sent.find("DB_PASSWORD"), std::string::npos);
  EXPECT_NE(sent.find("/home/ann"), std::string::npos);
}

TEST_F(DeploymentConfiguration, IsNoneWhereNobodyAsksForOne) {
  EXPECT_TRUE(configuration("", "").environment.empty());
  const model::Configuration limits_alone = configuration("", here());
  EXPECT_EQ(limits_alone.environment, "production");
  EXPECT_TRUE(limits_alone.components.empty());
}

/// Found by an audit: without --config-dir, and where no component is configured by a file, no policy was read.
TEST_F(DeploymentConfiguration, ThePoliciesOfTheUsualDirectoryHoldUnasked) {
  const InDirectory here_now(place());
  fs::create_directories("deploy/config/environments");
  std::ofstream("deploy/config/environments/production.yaml")
      << "resource_limits: {cpu_cores: 2}\nsecurity_policies: {require_mfa: true}\n";
  const model::Configuration made = configuration("", "");
  EXPECT_EQ(made.environment, "production");
  EXPECT_TRUE(made.require_mfa);
  EXPECT_EQ(made.limits.cpu_millicores, 2'000u);
  EXPECT_TRUE(made.components.empty());
  EXPECT_TRUE(configuration("", "", "staging").environment.empty()) << "which has no file";
  EXPECT_TRUE(configuration("", "", "../production").environment.empty()) << "which is no name";
  EXPECT_FALSE(configuration("", here()).limits.memory_bytes == std::nullopt)
      << "a directory that is named goes before";

  fs::rename("deploy/config/environments/production.yaml", "deploy/config/environments/production.yml");
  EXPECT_TRUE(configuration("", "").require_mfa);
  std::ofstream("deploy/config/environments/production.yml") << "security_policies: {require_mfa: maybe}\n";
  EXPECT_THROW(configuration("", ""), InputError);
}

/// No policy is passed over because its environment is not among those that the caller works on.
TEST_F(DeploymentConfiguration, AnEnvironmentThatTheCallersVariableLeavesOutIsRefused) {
  const InDirectory here_now(place());
  fs::create_directories("deploy/config/environments");
  std::ofstream("deploy/config/environments/production.yaml") << "security_policies: {require_mfa: true}\n";
  variables = {{"DEPLOYMENT_ENVIRONMENTS", "staging"}};
  EXPECT_THROW(configuration("", ""), InputError);
  variables = {{"DEPLOYMENT_ENVIRONMENTS", "staging,production"}};
  EXPECT_TRUE(configuration("", "").require_mfa);
}

TEST_F(DeploymentConfiguration, IsRefusedBeforeAnythingIsSent) {
  EXPECT_THROW(configuration(asked, "/nowhere"), InputError);
  EXPECT_THROW(configuration(asked, here(), "staging"), InputError) << "there is no such file";
  write("servers/api.yaml", "base_config: {port: \"\"}\nvalidation_rules: [\"required:port\"]\n");
  EXPECT_THROW(configuration(asked, here()), InputError) << "a rule is not kept";
  fs::remove(place() / "config/servers/api.yaml");
  EXPECT_THROW(configuration(asked, here()), InputError) << "the component has no file";
}

}  // namespace
}  // namespace switchyard::testing
