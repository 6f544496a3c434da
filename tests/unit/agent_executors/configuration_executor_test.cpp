#include "agent/executors/configuration_executor.hpp"

#include <gtest/gtest.h>

#include "agent/executors/prune_executor.hpp"
#include "common/crypto.hpp"
#include "protocol/configuration_box.hpp"
#include "tests/support/curve_key.hpp"
#include "tests/support/fake_service_manager.hpp"
#include "tests/unit/agent_executors/scratch.hpp"

namespace switchyard::agent::testing {
namespace {

constexpr const char* canary = "cAnAry-7f3a";

/// Reversed, under its name: enough to tell the encrypted from the rest.
class FakeCipher final : public CredentialCipher {
 public:
  std::string encrypt(const std::string& name, const std::string& text) override {
    ++encrypted;
    return name + " " + std::string(text.rbegin(), text.rend());
  }
  std::optional<std::string> decrypt(const std::string& name, const std::string& sealed) override {
    if (!sealed.starts_with(name + " ")) return std::nullopt;
    const std::string text = sealed.substr(name.size() + 1);
    return std::string(text.rbegin(), text.rend());
  }
  int encrypted = 0;
};

class Configuration : public ::testing::Test {
 protected:
  protocol::EnsureConfiguration wanted(const std::string& text, bool encrypted = false,
                                       const std::string& digest = "0abc") const {
    protocol::EnsureConfiguration action{"api", digest, "app.json", encrypted, {}, {}};
    action.sealed = protocol::seal_configuration(switchyard::testing::curve_key(x25519_public(secret)),
                                                 {text, {canary}}, action, std::string(32, 's'));
    return action;
  }
  protocol::StepResult run(const protocol::EnsureConfiguration& action) {
    FileExecutor files(paths, services);
    ConfigurationExecutor executor(
        paths, files, cipher, [this] { return switchyard::testing::curve_key(secret); }, mask);
    protocol::StepResult result = executor.run(action, {});
    EXPECT_EQ(result.detail.find(canary), std::string::npos) << result.detail;
    for (const auto& [key, value] : result.evidence) EXPECT_NE(value, sha256_hex(canary));
    return result;
  }
  std::filesystem::path file(const std::string& digest = "0abc") const {
    return paths.components / "api/configuration" / digest / "app.json";
  }
  static unsigned mode(const std::filesystem::path& path) {
    return static_cast<unsigned>(std::filesystem::status(path).permissions());
  }

  Scratch scratch;
  HostPaths paths = scratch.host();
  switchyard::testing::FakeServiceManager services;
  FakeCipher cipher;
  SecretMask mask;
  std::string secret = std::string(32, 'k');
};

TEST_F(Configuration, IsWrittenForRootAloneAndThenLeftAlone) {
  EXPECT_TRUE(run(wanted(canary)).changed);
  EXPECT_EQ(read_file(file()), canary);
  EXPECT_EQ(mode(file()), 0600u);
  EXPECT_EQ(mode(file().parent_path()), 0700u);
  EXPECT_EQ(mode(file().parent_path().parent_path()), 0700u);
  EXPECT_FALSE(run(wanted(canary)).changed);
  std::filesystem::permissions(file(), std::filesystem::perms(0644));
  EXPECT_TRUE(run(wanted(canary)).changed);
  EXPECT_EQ(mode(file()), 0600u);
}

TEST_F(Configuration, IsMaskedFromThenOnInAllThatIsSaid) {
  const std::string said = std::string("could not log in with ") + canary;
  EXPECT_EQ(mask.masked(said), said);
  run(wanted(canary));
  EXPECT_EQ(mask.masked(said), "could not log in with <masked>");
}

TEST_F(Configuration, IsNeverOnTheDiskInClearWhereItIsEncrypted) {
  EXPECT_TRUE(run(wanted(canary, true)).changed);
  EXPECT_EQ(read_file(file()).find(canary), std::string::npos);
  EXPECT_FALSE(run(wanted(canary, true)).changed);
  EXPECT_EQ(cipher.encrypted, 1) << "what is so already is not encrypted anew";
  EXPECT_TRUE(run(wanted("another", true)).changed);
}

TEST_F(Configuration, SealedToAnotherKeyIsRefusedUnlessItIsThere) {
  const protocol::EnsureConfiguration action = wanted(canary);
  secret = std::string(32, 'x');
  EXPECT_EQ(run(action).code, "sealed_to_another");
  EXPECT_FALSE(std::filesystem::exists(file()));
  secret = std::string(32, 'k');
  run(action);
  secret = std::string(32, 'x');
  const protocol::StepResult result = run(action);
  EXPECT_EQ(result.state, protocol::StepState::done) << "a rollback after `--new-key`";
  EXPECT_NE(result.detail.find("cannot be compared"), std::string::npos);
}

TEST_F(Configuration, LeadsNowhereElse) {
  for (const std::string& digest : {std::string(), std::string("../x"), std::string("A"), std::string(65, 'a')}) {
    EXPECT_EQ(run(wanted(canary, false, digest)).code, "bad_request") << digest;
  }
  protocol::EnsureConfiguration action = wanted(canary);
  for (const char* name : {"", ".hidden", "a/b", "../x"}) {
    action.file = name;
    EXPECT_EQ(run(action).code, "bad_request") << name;
  }
}

TEST_F(Configuration, GoesWhenNoUnitFileNamesIt) {
  run(wanted("old", false, "0a"));
  run(wanted("new", false, "0b"));
  std::filesystem::create_directories(paths.components / "api/releases");
  std::filesystem::create_directories(paths.units);
  write_file(paths.units / "api@green.service", "LoadCredential=app.json:" + file("0b").string() + "\n");
  const protocol::StepResult result = PruneExecutor(paths).run(protocol::Prune{"api", 3, {}}, {});
  EXPECT_EQ(result.state, protocol::StepState::done) << result.detail;
  EXPECT_FALSE(std::filesystem::exists(file("0a")));
  EXPECT_TRUE(std::filesystem::exists(file("0b")));
}

}  // namespace
}  // namespace switchyard::agent::testing
