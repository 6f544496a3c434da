#include "coordinator/coordinator_config.hpp"

#include <gtest/gtest.h>

#include "common/error.hpp"

namespace switchyard {
namespace {

CoordinatorConfig read(const std::string& text, const std::string& root = {}) {
  return read_coordinator_config(text, "coordinator.yaml", root);
}

std::string complaint(const std::string& text) {
  try {
    read(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return {};
}

TEST(CoordinatorConfig, HasADefaultForEverything) {
  const CoordinatorConfig config = read("");
  EXPECT_EQ(config.control_address, "tcp://0.0.0.0:7400");
  EXPECT_EQ(config.bulk_address, "tcp://0.0.0.0:7401");
  EXPECT_EQ(config.state_directory, "/var/lib/switchyard");
  EXPECT_EQ(config.api.unix_socket, "/run/switchyard/coordinator.sock");
  EXPECT_EQ(config.api.listen_address, "127.0.0.1");
  EXPECT_EQ(config.api.listen_port, 8765);
  EXPECT_EQ(config.keep_releases, 3u);
  ASSERT_EQ(config.advertise.size(), 1u);
  EXPECT_FALSE(config.advertise[0].host.empty());
  EXPECT_EQ(config.advertise[0].control_port, 7400);
}

TEST(CoordinatorConfig, ReadsWhatEnvironmentsAskFor) {
  const CoordinatorConfig config = read(
      "environments:\n"
      "  production: {approvals: 2, self_approval: with_totp, require_mfa: true}\n"
      "  live: {approvals: 1, production: false}\n"
      "  prod: {production: false}\n");
  EXPECT_EQ(access::rule_for(config.environments, "production"),
            (access::EnvironmentRule{2, access::SelfApproval::with_totp, true, true}));
  EXPECT_FALSE(access::rule_for(config.environments, "live").production);
  EXPECT_FALSE(access::rule_for(config.environments, "prod").production);
  EXPECT_EQ(access::rule_for(config.environments, "staging"), access::EnvironmentRule{});
  EXPECT_TRUE(access::rule_for(read("").environments, "production").production);
  EXPECT_EQ(access::rule_for(read("").environments, "production").approvals, 0u);
}

/// Said in so many words, it is meant: whoever operates production starts there alone.
TEST(CoordinatorConfig, TellsAZeroThatIsWrittenFromSilence) {
  const auto rule = [](const std::string& text) { return access::rule_for(read(text).environments, "production"); };
  EXPECT_TRUE(rule("environments: {production: {approvals: 0}}").none_for_anybody);
  EXPECT_FALSE(rule("environments: {production: {approvals: 1}}").none_for_anybody);
  EXPECT_FALSE(rule("environments: {production: {production: true}}").none_for_anybody);
  EXPECT_FALSE(rule("").none_for_anybody);
}

TEST(CoordinatorConfig, RefusesEnvironmentsThatContradictThemselves) {
  EXPECT_NE(complaint("environments: {production: {require_mfa: true}}").find("approvals"), std::string::npos);
  EXPECT_NE(complaint("environments: {production: {approve_rollbacks: true}}").find("approvals"), std::string::npos);
  EXPECT_NE(complaint("environments: {live: {approve_rollbacks: true, approve_high_risk: 1}}").find("approvals"),
            std::string::npos);
  EXPECT_NE(complaint("environments: {live: {approve_high_risk: 11}}").find("approve_high_risk"), std::string::npos);
  EXPECT_EQ(complaint("environments: {live: {approve_configuration: 1, self_approval: with_totp}}"), "");
  EXPECT_NE(complaint("environments: {production: {approvals: 11}}"), "");
  EXPECT_NE(complaint("environments: {production: {approval: 1}}").find("approvals"), std::string::npos);
  EXPECT_NE(complaint("environments: {production: {approvals: 1, self_approval: always}}"), "");
  EXPECT_NE(complaint("environments: {Production: {approvals: 1}}").find("coordinator.yaml:1:"), std::string::npos);
}

TEST(CoordinatorConfig, ReadsHowManySnapshotsAreKeptAndForHowLong) {
  const auto rule = [](const std::string& text) { return access::rule_for(read(text).environments, "live"); };
  EXPECT_EQ(rule("").keep_snapshots, limits::keep_snapshots_default);
  EXPECT_EQ(rule("").snapshot_days, 0u) << "however old";
  EXPECT_EQ(rule("environments: {live: {keep_snapshots: 3, snapshot_days: 90}}").keep_snapshots, 3u);
  EXPECT_EQ(rule("environments: {live: {keep_snapshots: 3, snapshot_days: 90}}").snapshot_days, 90u);
  EXPECT_NE(complaint("environments: {live: {keep_snapshots: 0}}"), "");
  EXPECT_NE(complaint("environments: {live: {keep_snapshots: 51}}"), "");
  EXPECT_EQ(rule("environments: {live: {snapshot_days: 0}}").snapshot_days, 0u);
  EXPECT_NE(complaint("environments: {live: {snapshot_days: 3651}}"), "");
}

TEST(CoordinatorConfig, ReadsEveryKey) {
  const CoordinatorConfig config = read(
      "listen: {control: \"10.0.0.1:9400\", bulk: \"10.0.0.1:9500\"}\n"
      "advertise: [\"deploy.example:9400:9500\", \"10.0.0.1\"]\n"
      "http: {listen: \"127.0.0.1:9000\", socket: /run/s.sock, socket_group: ops, allowed_hosts: [a.example],\n"
      "       allowed_origins: [\"https://a.example\"]}\n"
      "state_directory: /srv/state\n"
      "hosts: {components_root: /opt, units_root: /run/systemd/system}\n"
      "keep_releases: 7\n"
      "log_level: debug\n");
  EXPECT_EQ(config.keep_releases, 7u);
  EXPECT_EQ(config.control_address, "tcp://10.0.0.1:9400");
  EXPECT_EQ(config.bulk_address, "tcp://10.0.0.1:9500");
  ASSERT_EQ(config.advertise.size(), 2u);
  EXPECT_EQ(config.advertise[0].bulk_port, 9500);
  EXPECT_EQ(config.advertise[1].control_port, 7400);
  EXPECT_EQ(config.api.listen_port, 9000);
  EXPECT_EQ(config.api.unix_socket, "/run/s.sock");
  EXPECT_EQ(config.api.socket_group, "ops");
  EXPECT_EQ(config.api.allowed_hosts, std::vector<std::string>{"a.example"});
  EXPECT_EQ(config.api.allowed_origins, std::vector<std::string>{"https://a.example"});
  EXPECT_EQ(config.api.state_directory, "/srv/state");
  EXPECT_EQ(config.host_roots.components, "/opt");
  EXPECT_EQ(config.host_roots.units, "/run/systemd/system");
  EXPECT_EQ(config.log_level, log::Level::debug);
}

TEST(CoordinatorConfig, PutsTheRootBeforeEveryPathOfThisMachine) {
  const CoordinatorConfig config = read("", "/tmp/one");
  EXPECT_EQ(config.state_directory, "/tmp/one/var/lib/switchyard");
  EXPECT_EQ(config.api.state_directory, "/tmp/one/var/lib/switchyard");
  EXPECT_EQ(config.api.unix_socket, "/tmp/one/run/switchyard/coordinator.sock");
  EXPECT_EQ(config.host_roots.components, "/srv") << "that is a path of the hosts";
}

TEST(CoordinatorConfig, TakesTheNextPortForBulkAndAdvertisesWhatItListensOn) {
  const CoordinatorConfig config = read("listen: {control: \"[::]:9400\"}\n");
  EXPECT_EQ(config.control_address, "tcp://[::]:9400");
  EXPECT_EQ(config.bulk_address, "tcp://[::]:9401");
  EXPECT_EQ(config.advertise.at(0).control_port, 9400);
  EXPECT_EQ(config.advertise.at(0).bulk_port, 9401);
}

TEST(CoordinatorConfig, RefusesAnUnknownKeyAndNamesTheNearest) {
  const std::string text = complaint("log_level: info\nadvertize: [a]\n");
  EXPECT_EQ(text.substr(0, 20), "coordinator.yaml:2:1");
  EXPECT_NE(text.find("`advertise`"), std::string::npos) << text;
}

TEST(CoordinatorConfig, RefusesWhatIsNoAddress) {
  for (const char* address : {"7400", "host:", ":7400", "host:99999", "::1:7400", "host:74x"}) {
    EXPECT_NE(complaint("listen: {control: \"" + std::string(address) + "\"}\n"), "") << address;
  }
  EXPECT_NE(complaint("advertise: []\n"), "");
  EXPECT_NE(complaint("advertise: [\"not a host\"]\n"), "");
  EXPECT_NE(complaint("state_directory: relative/path\n"), "");
  EXPECT_NE(complaint("log_level: loud\n"), "");
}

TEST(CoordinatorConfig, KeepsAtLeastOneRelease) {
  for (const char* number : {"0", "-1", "1001", "many"}) {
    const std::string text = complaint("keep_releases: " + std::string(number) + "\n");
    EXPECT_EQ(text.substr(0, 20), "coordinator.yaml:1:1") << number << ": " << text;
  }
}

TEST(CoordinatorConfig, RefusesAnApiThatOthersCouldReadAndTellsTheWayIn) {
  for (const char* address : {"0.0.0.0:8765", "[::]:8765", "192.0.2.1:8765", "deploy.example:8765", "localhost:8765"}) {
    const std::string text = complaint("http:\n  listen: \"" + std::string(address) + "\"\n");
    EXPECT_EQ(text.substr(0, 21), "coordinator.yaml:2:11") << text;
    for (const char* word : {"loopback", "TLS", "ssh -L"}) EXPECT_NE(text.find(word), std::string::npos) << text;
  }
  EXPECT_EQ(read("http: {listen: \"[::1]:8765\"}\n").api.listen_address, "::1");
  EXPECT_EQ(read("http: {listen: \"127.1.2.3:80\"}\n").api.listen_port, 80);
}

TEST(CoordinatorConfig, ReadsFreezeWindows) {
  const auto config = read(
      "environments:\n  production:\n    freeze_windows:\n"
      "      - {from: 2026-12-23T16:00Z, to: 2027-01-04T06:00Z, reason: holidays}\n"
      "      - {cron: \"0 16 * * fri\", hours: 62}\n");
  const auto& windows = config.environments.at("production").freeze_windows;
  ASSERT_EQ(windows.size(), 2u);
  EXPECT_EQ(windows[0].reason, "holidays");
  EXPECT_EQ(windows[0].text, "2026-12-23T16:00Z to 2027-01-04T06:00Z");
  EXPECT_EQ(windows[1].length_ms, 62 * 3'600'000);
}

TEST(CoordinatorConfig, RefusesAFreezeWindowThatIsNone) {
  const auto of = [](const std::string& window) {
    return complaint("environments: {production: {freeze_windows: [" + window + "]}}\n");
  };
  EXPECT_NE(of("{from: 2026-12-23, to: 2027-01-04T06:00Z}").find("is no time in UTC"), std::string::npos);
  EXPECT_NE(of("{from: 2027-01-04T06:00Z, to: 2026-12-23T16:00Z}").find("ends before it begins"), std::string::npos);
  EXPECT_NE(of("{cron: \"0 16 * *\", hours: 2}").find("five fields"), std::string::npos);
  EXPECT_NE(of("{cron: \"0 16 * * fri\", hours: 2, to: 2027-01-04T06:00Z}").find("give `cron` and `hours`"),
            std::string::npos);
  EXPECT_NE(of("{cron: \"0 16 * * fri\", hours: 2000}"), "");
  EXPECT_NE(of("{cron: \"0 0 30 feb *\", hours: 2}").find("no day of the calendar"), std::string::npos);
  EXPECT_NE(of("{from: 2026-12-23T16:00Z, to: 2027-01-04T06:00Z, hours: 62}").find("begins by `cron`"),
            std::string::npos);
  EXPECT_NE(of("{until: x}").find("freeze_windows[0]"), std::string::npos);
}

TEST(CoordinatorConfig, CanDoWithoutTcpForItsApi) { EXPECT_EQ(read("http: {listen: none}\n").api.listen_address, ""); }

TEST(CoordinatorConfig, MissesAFileThatWasNamedButNotTheDefaultOne) {
  EXPECT_THROW(load_coordinator_config("/nonexistent/coordinator.yaml", true, {}), InputError);
  EXPECT_NO_THROW(load_coordinator_config("/nonexistent/coordinator.yaml", false, {}));
}

}  // namespace
}  // namespace switchyard
