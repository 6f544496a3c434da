#include "agent/link/agent_config.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "agent/link/agent_identity.hpp"
#include "common/error.hpp"
#include "common/file_system.hpp"
#include "tests/unit/agent_link/scratch_root.hpp"

namespace switchyard::agent {
namespace {

class Config : public ::testing::Test {
 protected:
  AgentConfig load(const std::string& text, const std::filesystem::path& prefix = {}) {
    std::ofstream(file) << text;
    return load_agent_config(file, prefix);
  }
  std::string trouble(const std::string& text) {
    try {
      load(text);
      return {};
    } catch (const InputError& error) {
      return error.what();
    }
  }
  testing::ScratchRoot root;
  std::filesystem::path file = root.path() / "agent.yaml";
};

TEST_F(Config, HasDefaultsWithoutAFile) {
  const AgentConfig config = load_agent_config(root.path() / "none.yaml", {});
  EXPECT_EQ(config.paths.state, "/var/lib/switchyard/agent");
  EXPECT_EQ(config.paths.components, "/srv");
  EXPECT_TRUE(config.paths.allowed_roots.empty());
}

TEST_F(Config, TakesWhatTheFileSays) {
  const AgentConfig config = load("allowed_roots: [/etc/guestbook, /etc/nginx/conf.d]\ncomponents_root: /opt\n");
  EXPECT_EQ(config.paths.components, "/opt");
  EXPECT_EQ(config.paths.allowed_roots, (std::vector<std::filesystem::path>{"/etc/guestbook", "/etc/nginx/conf.d"}));
}

TEST_F(Config, PutsTheRootBeforeEveryPath) {
  const AgentConfig config = load("allowed_roots: [/etc/guestbook]\nbackup_dir: /backup\n", "/tmp/host-1");
  for (const std::filesystem::path& path :
       {config.paths.state, config.paths.components, config.paths.units, config.paths.switch_state, config.paths.run,
        config.paths.backups, config.paths.allowed_roots[0]}) {
    EXPECT_TRUE(path.string().starts_with("/tmp/host-1/")) << path;
  }
}

TEST_F(Config, RefusesWhatItDoesNotKnowAndPathsThatLeadElsewhere) {
  EXPECT_NE(trouble("allowed_root: [/etc]\n").find("allowed_roots"), std::string::npos);
  EXPECT_NE(trouble("allowed_roots: [etc]\n").find("absolute path"), std::string::npos);
  EXPECT_NE(trouble("backup_dir: /backup/\n").find("must name a directory"), std::string::npos);
  EXPECT_NE(trouble("components_root: /srv/../etc\n").find("absolute path"), std::string::npos);
}

TEST_F(Config, IdentityReadsBackWhatEnrolmentWrote) {
  PosixFileSystem files;
  EXPECT_FALSE(load_identity(files, root.path()));
  // Every character of Z85 that YAML could take for its own.
  const AgentIdentity identity{HostId("web-1"),
                               {{"coordinator.example", 7400, 7500}, {"[::1]", 7400, 7401}},
                               ".-:+=^!/*?&<>()[]{}@%$#0123456789abcdefg",
                               std::string("\0\xff", 2) + std::string(30, 'p')};
  save_identity(files, root.path(), identity);
  const auto read = load_identity(files, root.path());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->host, identity.host);
  EXPECT_EQ(read->endpoints, identity.endpoints);
  EXPECT_EQ(read->server_public_key, identity.server_public_key);
  EXPECT_EQ(read->plan_public_key, identity.plan_public_key);
}

}  // namespace
}  // namespace switchyard::agent
