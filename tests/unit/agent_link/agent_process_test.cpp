// The real program: what it says, and what it does when its journal is damaged.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "common/file_descriptor.hpp"
#include "protocol/coordinator_keys.hpp"
#include "tests/support/real_time.hpp"
#include "tests/unit/agent_link/coordinator_double.hpp"
#include "tests/unit/agent_link/names.hpp"
#include "tests/unit/agent_link/scratch_root.hpp"

extern char** environ;

namespace switchyard::agent {
namespace {

using testing::CoordinatorDouble;

const HostId web_1("web-1");

class AgentProcess : public ::testing::Test {
 protected:
  pid_t start(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {SWITCHYARD_AGENT, "--root", root.path().string()});
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, output().c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    pid_t pid = -1;
    EXPECT_EQ(posix_spawn(&pid, SWITCHYARD_AGENT, &files, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&files);
    return pid;
  }
  int end_of(pid_t pid) {
    int status = 0;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  /// Of one that ends by itself; killed when it does not within ten seconds.
  int end_soon_of(pid_t pid) {
    const FileDescriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    EXPECT_TRUE(process);
    pollfd ended{process.get(), POLLIN, 0};
    poll(&ended, 1, 10'000);
    kill(pid, SIGKILL);
    return end_of(pid);
  }
  int run(std::vector<std::string> arguments) { return end_of(start(std::move(arguments))); }
  std::string said() const {
    std::stringstream text;
    text << std::ifstream(output()).rdbuf();
    return text.str();
  }
  std::filesystem::path output() const { return root.path() / "output"; }
  std::filesystem::path state() const { return root.path() / "var/lib/switchyard/agent"; }

  testing::ScratchRoot root;
};

TEST_F(AgentProcess, ExplainsItselfAndItsExitStatus) {
  EXPECT_EQ(run({"--help"}), 0);
  for (const char* word : {"enroll STRING", "resolve DEPLOYMENT", "Exit status"}) {
    EXPECT_NE(said().find(word), std::string::npos) << word;
  }
  EXPECT_EQ(run({"enroll", "--help"}), 0);
  for (const char* word : {"agents token create", "--name NAME", "7400 and 7401"}) {
    EXPECT_NE(said().find(word), std::string::npos) << word;
  }
  EXPECT_EQ(said().find("resolve DEPLOYMENT"), std::string::npos) << "of the command alone";
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_NE(said().find(SWITCHYARD_VERSION), std::string::npos);
  EXPECT_EQ(run({"--frobnicate"}), 2);
  EXPECT_EQ(run({"run"}), 2);
  EXPECT_NE(said().find("not enrolled"), std::string::npos);
}

TEST_F(AgentProcess, ShowsWhatATerminalWouldObeyInItsFileAndItsArguments) {
  std::filesystem::create_directories(root.path() / "etc/switchyard");
  std::ofstream(root.path() / "etc/switchyard/agent.yaml") << R"({"log_level": "x\nFORGED\u001b[2J\u009b"})";
  EXPECT_EQ(run({"status"}), 2);
  EXPECT_NE(said().find(R"(is "x
  FORGED\x1b[2J\x9b", but)"),
            std::string::npos)
      << said();
  std::filesystem::remove(root.path() / "etc/switchyard/agent.yaml");
  EXPECT_EQ(run({"\x1b[2J\nFORGED"}), 2);
  EXPECT_EQ(said().find("\x1b"), std::string::npos) << said();
  EXPECT_EQ(said().find("\nFORGED"), std::string::npos) << said();
}

TEST_F(AgentProcess, TellsARefusedEnrolmentFromABadStringAndFromNobodyThere) {
  const std::string token(32, 't');
  EXPECT_EQ(run({"enroll", "sy1.nonsense", "--name", "web-1"}), 2) << said();
  CoordinatorDouble coordinator([](const HostId&, const protocol::Envelope&) -> std::vector<protocol::Message> {
    return {protocol::Refuse{"enrolment", "the token was used already"}};
  });
  const std::string text = protocol::encode_enrolment({{coordinator.endpoint()}, coordinator.public_key(), token});
  EXPECT_EQ(run({"enroll", text, "--name", "web-1"}), 6) << "unknown, or expired: " << said();
  EXPECT_NE(said().find("refused the token"), std::string::npos) << said();
  coordinator.allow(protocol::enrolment_peer("0011223344556677"),
                    protocol::curve_keys_from_secret(protocol::enrolment_secret(token)).public_key);
  EXPECT_EQ(run({"enroll", text, "--name", "web-1"}), 6) << said();
  EXPECT_NE(said().find("the token was used already"), std::string::npos) << said();
  EXPECT_TRUE(std::filesystem::is_empty(state()));
}

TEST_F(AgentProcess, SaysInItsStatusThatTheCoordinatorRefusesItsKey) {
  const std::string token(32, 't');
  CoordinatorDouble coordinator([](const HostId&, const protocol::Envelope& heard) -> std::vector<protocol::Message> {
    if (!std::holds_alternative<protocol::Enrol>(heard.message)) return {};
    return {protocol::Enrolled{web_1, std::string(32, 'p')}};
  });
  coordinator.allow(protocol::enrolment_peer("0011223344556677"),
                    protocol::curve_keys_from_secret(protocol::enrolment_secret(token)).public_key);
  const std::string text = protocol::encode_enrolment({{coordinator.endpoint()}, coordinator.public_key(), token});
  ASSERT_EQ(run({"enroll", text, "--name", "web-1"}), 0) << said();
  EXPECT_NE(said().find("systemctl restart switchyard-agent"), std::string::npos) << said();

  EXPECT_EQ(run({"resolve", "d-0123456789abcdef", "--abort", "--reason", "test"}), 2) << said();
  EXPECT_NE(said().find("knows no deployment d-0123456789abcdef"), std::string::npos) << said();

  const pid_t agent = start({"run"});  // with a key that the coordinator never let in
  const std::filesystem::path note = root.path() / "run/switchyard/coordinator-link";
  EXPECT_TRUE(switchyard::testing::within_ms(10'000, [&] { return std::filesystem::exists(note); }));
  EXPECT_EQ(run({"status"}), 0);
  EXPECT_NE(said().find("coordinator: refused since"), std::string::npos) << said();
  EXPECT_EQ(run({"status", "--json"}), 0);
  EXPECT_NE(said().find(R"("coordinator":{"state":"refused","since_wall_ms":)"), std::string::npos) << said();
  kill(agent, SIGTERM);
  EXPECT_EQ(end_of(agent), 0);
  EXPECT_FALSE(std::filesystem::exists(note));
}

TEST_F(AgentProcess, WithADamagedJournalTellsTheCoordinatorAndTakesNoStep) {
  const std::string token(32, 't');
  CoordinatorDouble coordinator([&](const HostId&, const protocol::Envelope& heard) -> std::vector<protocol::Message> {
    if (const auto* enrol = std::get_if<protocol::Enrol>(&heard.message)) {
      return {protocol::Enrolled{HostId(enrol->name), std::string(32, 'p')}};
    }
    if (!std::holds_alternative<protocol::Hello>(heard.message)) return {};
    protocol::Welcome welcome;
    welcome.host = web_1;
    return {welcome, protocol::Prepare{deployment, "api"}};
  });
  coordinator.allow(protocol::enrolment_peer("0011223344556677"),
                    protocol::curve_keys_from_secret(protocol::enrolment_secret(token)).public_key);
  const std::string text = protocol::encode_enrolment({{coordinator.endpoint()}, coordinator.public_key(), token});
  ASSERT_EQ(run({"enroll", text, "--name", "web-1"}), 0) << said();
  const auto enrol = coordinator.wait_for<protocol::Enrol>();
  ASSERT_TRUE(enrol);
  coordinator.allow(web_1, enrol->public_key);
  std::ofstream(state() / "journal") << "this was a journal once";

  EXPECT_EQ(run({"status"}), 1);
  EXPECT_NE(said().find("not a journal of this version"), std::string::npos) << said();
  const pid_t agent = start({"run"});
  const auto report = coordinator.wait_for<protocol::Report>();
  kill(agent, SIGTERM);
  EXPECT_EQ(end_of(agent), 0);
  ASSERT_TRUE(report) << said();
  EXPECT_EQ(report->report.deployment, deployment);
  EXPECT_EQ(report->report.state, protocol::AgentState::safe);
  EXPECT_NE(said().find("SAFE mode"), std::string::npos) << said();
}

/// What runs dials with the keys of its start alone: one that cannot begin anew yet, because a step is under way, would
/// find nobody once the others are in force.
TEST_F(AgentProcess, SaysThatItKnowsTheNextKeysOnlyWhenItWouldDialWithThem) {
  const std::string token(32, 't');
  const SigningKeyPair plan = generate_signing_key();
  const protocol::CoordinatorKeys next = {protocol::generate_curve_keys().public_key,
                                          generate_signing_key().public_key};
  CoordinatorDouble coordinator([&](const HostId&, const protocol::Envelope& heard) -> std::vector<protocol::Message> {
    if (const auto* enrol = std::get_if<protocol::Enrol>(&heard.message)) {
      return {protocol::Enrolled{HostId(enrol->name), plan.public_key}};
    }
    if (!std::holds_alternative<protocol::Hello>(heard.message)) return {};
    protocol::Welcome welcome;
    welcome.host = web_1;
    return {welcome, protocol::announce_keys(next, plan)};
  });
  coordinator.allow(protocol::enrolment_peer("0011223344556677"),
                    protocol::curve_keys_from_secret(protocol::enrolment_secret(token)).public_key);
  const std::string text = protocol::encode_enrolment({{coordinator.endpoint()}, coordinator.public_key(), token});
  ASSERT_EQ(run({"enroll", text, "--name", "web-1"}), 0) << said();
  coordinator.allow(web_1, coordinator.wait_for<protocol::Enrol>().value().public_key);

  EXPECT_EQ(end_soon_of(start({"run"})), 0) << "it begins anew, once they are durable: " << said();
  EXPECT_TRUE(std::filesystem::exists(state() / "next-keys.yaml"));
  for (const protocol::Envelope& heard : coordinator.heard()) {
    EXPECT_FALSE(std::holds_alternative<protocol::KeysNoted>(heard.message)) << "of what ran it was not true";
  }

  const pid_t agent = start({"run"});
  const auto noted = coordinator.wait_for<protocol::KeysNoted>();
  kill(agent, SIGTERM);
  EXPECT_EQ(end_soon_of(agent), 0) << said();
  ASSERT_TRUE(noted) << said();
  EXPECT_EQ(noted->digest, protocol::keys_digest(next));
}

}  // namespace
}  // namespace switchyard::agent
