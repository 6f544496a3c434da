#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "common/crypto.hpp"
#include "common/hex.hpp"
#include "common/ids.hpp"
#include "common/limits.hpp"
#include "coordinator/api/snapshot_views.hpp"
#include "protocol/artifact.hpp"
#include "tests/support/jinja.hpp"
#include "tests/unit/cli/scripted_coordinator.hpp"
#include "tests/unit/coordinator_api/fake_operations.hpp"

namespace switchyard::testing {
namespace {

using nlohmann::json;

class DeployStartTest : public CommandTest {
 protected:
  DeployStartTest() : directory(std::filesystem::temp_directory_path() / ("switchyard-cli-" + random_hex(6))) {
    std::filesystem::create_directories(directory / "app");
    // Random bytes do not compress: the archive has several chunks.
    std::string bytes;
    while (bytes.size() < 2 * limits::chunk_bytes_max) bytes += from_hex(random_hex(4096)).value();
    std::ofstream(directory / "app" / "data", std::ios::binary) << bytes;
    write_program("app/run");
    write_manifest(
        "metadata: {name: shop, environment: production, version: '1.2'}\n"
        "components:\n"
        "  - name: api\n"
        "    hosts: [web-1]\n"
        "    artifact: {directory: app}\n"
        "    service: {command: [./run]}\n"
        "  - name: worker\n"
        "    hosts: [web-1]\n"
        "    service: {unit: worker@.service}\n");
  }
  ~DeployStartTest() override { std::filesystem::remove_all(directory); }
  void write_manifest(const std::string& text) { std::ofstream(file(), std::ios::trunc) << text; }
  void write_program(const std::string& path) {
    std::ofstream(directory / path) << "#!/bin/sh\n";
    std::filesystem::permissions(directory / path, std::filesystem::perms(0755));
  }
  std::string file() const { return directory / "shop.yaml"; }
  void answer_version() { coordinator.answer(R"({"version":"0.1.0","api":1})"); }
  void answer_upload(const std::string& missing) {
    answer_version();
    coordinator.answer(R"({"missing":[)" + missing + "]}");
    for (char c : missing) {
      if (c >= '0' && c <= '9') coordinator.answer(R"({"ok":true})");
    }
    coordinator.answer(R"({"ok":true})");
  }

  std::filesystem::path directory;
};

TEST_F(DeployStartTest, UploadsWhatIsMissingStartsAndFollows) {
  answer_upload("0,1,2");
  coordinator.answer(201, deployment_json("approved"));
  coordinator.answer(timeline_json("", 0, "done"));
  EXPECT_EQ(run({file(), "--environment", "staging", "--no-rollback", "--plan", "a hash"}), 0);
  ASSERT_EQ(coordinator.calls.size(), 8u);
  EXPECT_EQ(asked(0), "GET /v1/version");

  const std::string manifest = coordinator.calls[1].body;
  const std::string release = sha256_hex(manifest);
  EXPECT_EQ(asked(1), "PUT /v1/artifacts/" + release + "/manifest");
  std::string archive;
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(asked(2 + i), "PUT /v1/artifacts/" + release + "/chunks/" + std::to_string(i));
    EXPECT_EQ(coordinator.calls[2 + i].content_type, "application/octet-stream");
    archive += coordinator.calls[2 + i].body;
  }
  EXPECT_EQ(archive.size(), protocol::decode_artifact(manifest).bytes);
  EXPECT_EQ(coordinator.calls[5].body, R"({"component":"api","version":"1.2"})");

  EXPECT_EQ(asked(6), "POST /v1/deployments");
  const json body = json::parse(coordinator.calls[6].body);
  EXPECT_EQ(body["artifacts"], (json{{"api", release}}));
  EXPECT_EQ(body["environment"], "staging");
  EXPECT_EQ(body["no_rollback"], true);
  EXPECT_EQ(body["plan_hash"], "a hash");
  EXPECT_EQ(body["file"], file());
  EXPECT_EQ(coordinator.calls[6].idempotency_key.size(), 32u);
}

TEST_F(DeployStartTest, WhatServesIsWrittenDownBeforeIfADirectoryIsNamed) {
  const std::filesystem::path backups = directory / "backups";
  EXPECT_EQ(run({file(), "--backup-dir", backups}), 2);
  EXPECT_NE(notes.str().find("is no directory"), std::string::npos) << notes.str();
  EXPECT_TRUE(coordinator.calls.empty());

  std::filesystem::create_directories(backups);
  const std::string snapshot = api::views::snapshot_body(FakeOperations::sample_snapshot());
  answer_upload("");
  coordinator.answer(201, snapshot);
  coordinator.answer(201, deployment_json("approved"));
  EXPECT_EQ(run({file(), "--backup-dir", backups, "--detach"}), 0);
  EXPECT_EQ(asked(3), "POST /v1/snapshots");
  EXPECT_EQ(coordinator.calls.at(3).body,
            R"({"environment":"production","name":"shop","reason":"before the deployment of 1.2"})");
  EXPECT_EQ(asked(4), "POST /v1/deployments");
  std::ifstream kept(backups / (known_snapshot.str() + ".json"));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(kept), {}), snapshot + "\n");
}

TEST_F(DeployStartTest, WithoutTheBackupThatIsWantedNothingStarts) {
  answer_upload("");
  coordinator.answer(409, error_json("host_away", "web-1 does not answer"));
  EXPECT_EQ(run({file(), "--backup-dir", directory}), 6);
  EXPECT_EQ(asked(coordinator.calls.size() - 1), "POST /v1/snapshots");
}

TEST_F(DeployStartTest, WhereNothingServesYetThereIsNothingToBackUp) {
  answer_upload("");
  coordinator.answer(409, error_json("nothing_serves", "nothing serves there"));
  coordinator.answer(201, deployment_json("approved"));
  EXPECT_EQ(run({file(), "--backup-dir", directory, "--detach"}), 0);
  EXPECT_NE(notes.str().find("there is nothing to back up"), std::string::npos) << notes.str();
}

TEST_F(DeployStartTest, WhatTheCallersEnvironmentSaysGoesAlongForTheManifestsSilence) {
  std::map<std::string, std::string> variables;
  const cli::ReadEnvironment environment = [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
  templates::JinjaRenderer renderer(source_jinja());
  cli::Offline local{console, environment, clock, renderer};
  const auto start = [&] {
    const auto parsed = cli::parse_command_line({"deploy", "start", file(), "--detach"});
    return static_cast<int>(
        cli::run_with(coordinator, std::get<cli::Invocation>(parsed), console, interrupt, clock, &local));
  };
  variables = {{"ROLLBACK_ENABLED", "perhaps"}};
  EXPECT_EQ(start(), 2);
  variables = {{"DEPLOYMENT_STRATEGY", "blue-green"}};
  EXPECT_EQ(start(), 2) << "no component of it has the ports";
  EXPECT_TRUE(coordinator.calls.empty());
  EXPECT_NE(notes.str().find("that of DEPLOYMENT_STRATEGY"), std::string::npos) << notes.str();

  variables = {{"DEPLOYMENT_STRATEGY", "recreate"}, {"ROLLBACK_ENABLED", "false"}, {"HEALTH_CHECK_TIMEOUT", "2m"}};
  answer_upload("");
  coordinator.answer(201, deployment_json("approved"));
  EXPECT_EQ(start(), 0) << notes.str();
  const json body = json::parse(coordinator.calls.back().body);
  EXPECT_EQ(body["defaults"],
            (json{{"strategy", "recreate"}, {"rollback_on_failure", false}, {"check_deadline_seconds", 120}}));
  EXPECT_EQ(body["no_rollback"], false) << "the manifest may say more";
}

/// From weak to strong: the caller's variable, the environment's file, the option.
TEST_F(DeployStartTest, TheStrategyIsTheOptionsElseTheEnvironmentsElseTheCallers) {
  std::map<std::string, std::string> variables{{"DEPLOYMENT_STRATEGY", "recreate"}, {"HEALTH_CHECK_TIMEOUT", "9s"}};
  const cli::ReadEnvironment environment = [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
  templates::JinjaRenderer renderer(source_jinja());
  cli::Offline local{console, environment, clock, renderer};
  std::filesystem::create_directories(directory / "config/environments");
  std::ofstream(directory / "config/environments/production.yaml") << "strategy: rolling\n";
  std::ofstream(directory / "config/environments/staging.yaml") << "resource_limits: {cpu_cores: 1}\n";
  const auto body_of = [&](std::vector<std::string> more) {
    answer_upload("");
    coordinator.answer(201, deployment_json("approved"));
    std::vector<std::string> words = {"deploy", "start", file(), "--detach", "--config-dir", directory / "config"};
    words.insert(words.end(), more.begin(), more.end());
    const auto invocation = std::get<cli::Invocation>(cli::parse_command_line(words));
    EXPECT_EQ(static_cast<int>(cli::run_with(coordinator, invocation, console, interrupt, clock, &local)), 0)
        << notes.str();
    return json::parse(coordinator.calls.back().body);
  };
  const json by_file = body_of({});
  EXPECT_EQ(by_file["defaults"],
            (json{{"strategy", "rolling"}, {"strategy_source", "environment"}, {"check_deadline_seconds", 9}}));
  EXPECT_FALSE(by_file.contains("strategy"));
  EXPECT_EQ(body_of({"--environment", "staging"})["defaults"],
            (json{{"strategy", "recreate"}, {"check_deadline_seconds", 9}}));
  const json by_option = body_of({"--strategy", "recreate"});
  EXPECT_EQ(by_option["strategy"], "recreate");
  EXPECT_EQ(by_option["defaults"], (json{{"check_deadline_seconds", 9}}));
}

TEST_F(DeployStartTest, MigrationsAreLeftOutOnlyWhenItIsSaid) {
  for (const bool asked : {false, true}) {
    answer_upload("");
    coordinator.answer(201, deployment_json("approved"));
    std::vector<std::string> words = {"deploy", "start", file(), "--detach"};
    if (asked) words.push_back("--no-migrations");
    EXPECT_EQ(run(words), 0) << notes.str();
    const json body = json::parse(coordinator.calls.back().body);
    EXPECT_EQ(body.contains("run_migrations"), asked) << "the manifest may say more";
    EXPECT_TRUE(body.value("run_migrations", true) != asked);
    EXPECT_FALSE(body.contains("defaults"));
  }
}

TEST_F(DeployStartTest, AStrategyThatAComponentCannotFollowIsRefusedBeforeAnythingIsSent) {
  EXPECT_EQ(run({"deploy", "start", file(), "--strategy", "blue-green"}), 2);
  EXPECT_TRUE(coordinator.calls.empty());
  EXPECT_NE(notes.str().find("that of --strategy"), std::string::npos) << notes.str();
}

TEST_F(DeployStartTest, SendsNothingAgainThatIsThere) {
  answer_upload("");
  coordinator.answer(201, deployment_json("approved"));
  EXPECT_EQ(run({"deploy", "start", file(), "--detach"}), 0);
  EXPECT_EQ(coordinator.calls.size(), 4u);
  EXPECT_EQ(out.str(), "d-1\n");
}

constexpr const char* locked =
    R"({"error":{"code":"locked","message":"component api on host web-1 is being changed by deployment d-7; wait for )"
    R"(its end, or cancel it","details":{"holder":"d-7"}}})";

TEST_F(DeployStartTest, WaitsForTheEndOfWhatHoldsAComponentAndNamesItOnce) {
  answer_upload("");
  coordinator.answer(409, locked);
  coordinator.answer(409, locked);
  coordinator.answer(201, deployment_json("approved"));
  EXPECT_EQ(run({"deploy", "start", file(), "--detach", "--wait", "60"}), 0);
  EXPECT_EQ(coordinator.calls.size(), 6u);
  EXPECT_EQ(coordinator.calls[3].idempotency_key, coordinator.calls[5].idempotency_key);
  const std::string said = notes.str();
  ASSERT_NE(said.find("d-7"), std::string::npos) << said;
  EXPECT_EQ(said.find("d-7", said.find("d-7") + 1), std::string::npos) << said;
}

/// As a coordinator says it: with the holder's state, which goes on while somebody waits.
std::string locked_in(const std::string& state) {
  const json details = {{"holder", "d-7"}, {"state", state}};
  const json error = {{"code", "locked"}, {"message", "d-7 changes api, " + state}, {"details", details}};
  return json{{"error", error}}.dump();
}

TEST_F(DeployStartTest, WhoIsWaitedForIsSaidOnceInAPipeHoweverFarItComes) {
  answer_upload("");
  for (const char* state : {"preparing", "swapping", "watching"}) coordinator.answer(409, locked_in(state));
  coordinator.answer(201, deployment_json("approved"));
  EXPECT_EQ(run({"deploy", "start", file(), "--detach", "--wait", "60"}), 0);
  const std::string said = notes.str();
  EXPECT_NE(said.find("preparing\nWaiting for its end, for at most 60 s."), std::string::npos) << said;
  EXPECT_EQ(said.find("swapping"), std::string::npos) << said;
}

TEST_F(DeployStartTest, ATerminalShowsForWhomAndHowLongItHasWaited) {
  answer_upload("");
  for (const char* state : {"preparing", "swapping"}) coordinator.answer(409, locked_in(state));
  coordinator.answer(201, deployment_json("approved"));
  console.live = true;
  EXPECT_EQ(run({"deploy", "start", file(), "--detach", "--wait", "60"}), 0);
  const std::string said = notes.str();
  EXPECT_NE(said.find("waiting for d-7, which is preparing: 0 of 60 s"), std::string::npos) << said;
  EXPECT_NE(said.find("waiting for d-7, which is swapping: 1 of 60 s"), std::string::npos) << said;
}

TEST_F(DeployStartTest, ARollbackAndARestoreWaitForTheHolderToo) {
  using Words = std::vector<std::string>;
  for (Words words : {Words{"rollback", "start", "d-1"}, Words{"snapshot", "restore", "s-1"}}) {
    coordinator.calls.clear();
    coordinator.answer(409, locked_in("swapping"));
    coordinator.answer(201, deployment_json("approved"));
    words.insert(words.end(), {"--reason", "r", "--detach", "--wait", "60"});
    EXPECT_EQ(run(words), 0) << notes.str();
    ASSERT_EQ(coordinator.calls.size(), 2u);
    EXPECT_EQ(coordinator.calls[0].idempotency_key, coordinator.calls[1].idempotency_key);
  }
}

TEST_F(DeployStartTest, IsRefusedWithTheHoldersNameWhenItWaitedLongEnoughOrShallNot) {
  for (const auto& [wait, asked_times] : {std::pair{"0", 1u}, std::pair{"3", 4u}}) {
    answer_upload("");
    for (unsigned i = 0; i < asked_times; ++i) coordinator.answer(409, locked);
    std::vector<std::string> words = {"deploy", "start", file(), "--detach"};
    if (std::string(wait) != "0") words.insert(words.end(), {"--wait", wait});
    coordinator.calls.clear();
    EXPECT_EQ(run(words), 6);
    EXPECT_EQ(coordinator.calls.size(), 3u + asked_times);
    EXPECT_NE(notes.str().find("d-7"), std::string::npos);
  }
}

TEST_F(DeployStartTest, ADryRunStartsNothingAndSendsNoBytes) {
  answer_version();
  coordinator.answer(R"({"dry_run":true,"would":"a deployment of shop would start"})");
  coordinator.answer(R"({"hash":"abc","text":"the plan\n","nodes":[{}]})");
  EXPECT_EQ(run({"deploy", "start", file(), "--dry-run"}), 0);
  EXPECT_EQ(asked(1), "POST /v1/deployments?dry_run=true");
  EXPECT_EQ(asked(2), "POST /v1/plans?dry_run=true");
  const json body = json::parse(coordinator.calls[1].body);
  EXPECT_EQ(body["artifacts"]["api"].get<std::string>().size(), 64u);
  EXPECT_GT(body["artifact_sizes"]["api"]["bytes"], 0);
  EXPECT_GE(body["artifact_sizes"]["api"]["unpacked_bytes"], 2 * limits::chunk_bytes_max);
  EXPECT_EQ(out.str(), "the plan\nDry run, nothing was changed: a deployment of shop would start.\n");
}

TEST_F(DeployStartTest, ADryRunOfWhatWouldBeRefusedIsRefused) {
  answer_version();
  coordinator.answer(409, locked);
  EXPECT_EQ(run({"deploy", "start", file(), "--dry-run"}), 6);
  EXPECT_EQ(out.str(), "");
}

TEST_F(DeployStartTest, APlanWithoutAnythingToDoSaysSoOnce) {
  answer_version();
  coordinator.answer(R"({"hash":"abc","text":"Nothing to do: what is wanted serves already.\n","nodes":[]})");
  EXPECT_EQ(run({"plan", file()}), 0);
  EXPECT_EQ(out.str(), "Nothing to do: what is wanted serves already.\n");
  EXPECT_EQ(notes.str().find("othing to do"), std::string::npos) << notes.str();
}

TEST_F(DeployStartTest, ThePlansGraphComesAlone) {
  answer_version();
  coordinator.answer(
      R"({"hash":"abc","text":"the plan\n","nodes":[{}],"graph":{"nodes":[],"edges":[],"dot":"digraph {\n}\n"}})");
  EXPECT_EQ(run({"plan", file(), "--dot"}), 0);
  EXPECT_EQ(out.str(), "digraph {\n}\n");
}

TEST_F(DeployStartTest, ASimulationStartsNothing) {
  answer_version();
  coordinator.answer(R"({"text":"Simulation\n"})");
  EXPECT_EQ(run({"deploy", "simulate", file(), "--components", "api", "--fail", "start api"}), 0);
  EXPECT_EQ(asked(1), "POST /v1/simulations");
  const json body = json::parse(coordinator.calls[1].body);
  EXPECT_EQ(body["fail"], "start api");
  EXPECT_EQ(body["components"], json({"api"}));
  EXPECT_EQ(out.str(), "Simulation\n");
}

TEST_F(DeployStartTest, AComponentThatTheManifestHasNotIsRefusedBeforeAnythingIsSent) {
  EXPECT_EQ(run({"deploy", "start", file(), "--components", "apo"}), 2);
  EXPECT_TRUE(coordinator.calls.empty());
  EXPECT_NE(notes.str().find("did you mean `api`?"), std::string::npos) << notes.str();
}

TEST_F(DeployStartTest, AWrongManifestIsRefusedBeforeAnythingIsSent) {
  write_manifest("metadata: {name: shop}\ncomponents:\n  - nme: api\n");
  EXPECT_EQ(run({file()}), 2);
  EXPECT_TRUE(coordinator.calls.empty());
  EXPECT_NE(notes.str().find("shop.yaml:3:"), std::string::npos) << notes.str();
}

TEST_F(DeployStartTest, AMissingArtifactIsBadInput) {
  std::filesystem::remove_all(directory / "app");
  answer_version();
  EXPECT_EQ(run({file()}), 2);
  EXPECT_EQ(coordinator.calls.size(), 1u);
  EXPECT_NE(notes.str().find("shop.yaml:5:27: component `api`: "), std::string::npos) << notes.str();
}

TEST_F(DeployStartTest, AProgramThatTheArtifactHasNotIsRefusedBeforeTheUpload) {
  std::filesystem::rename(directory / "app" / "run", directory / "app" / "start");
  answer_version();
  EXPECT_EQ(run({file()}), 2);
  EXPECT_EQ(coordinator.calls.size(), 1u);
  EXPECT_NE(notes.str().find("shop.yaml:6:25: component `api` runs `./run`, but the artifact has no `run`; its top "
                             "holds data, start"),
            std::string::npos)
      << notes.str();
}

TEST_F(DeployStartTest, AProgramThatIsNotExecutableIsRefusedBeforeTheUpload) {
  std::filesystem::permissions(directory / "app" / "run", std::filesystem::perms(0644));
  answer_version();
  EXPECT_EQ(run({"plan", file()}), 2);
  EXPECT_EQ(coordinator.calls.size(), 1u);
  EXPECT_NE(notes.str().find("`chmod +x` it"), std::string::npos) << notes.str();
}

TEST_F(DeployStartTest, WithoutACoordinatorNothingIsPacked) {
  std::filesystem::remove_all(directory / "app");
  coordinator.be_away();
  EXPECT_EQ(run({file()}), 5);
}

TEST_F(DeployStartTest, CtrlCBeforeTheStartStartsNothingAndSaysSo) {
  answer_version();
  coordinator.answer([this](const cli::HttpCall&) {
    interrupt.is_pressed = true;
    return cli::HttpReply{200, R"({"missing":[0,1]})"};
  });
  EXPECT_EQ(run({file()}), 130);
  EXPECT_NE(notes.str().find("nothing was started"), std::string::npos);
  EXPECT_EQ(coordinator.calls.size(), 2u);
}

TEST_F(DeployStartTest, CtrlCInTheMiddleOfTheStartIsNotCalledNothing) {
  answer_upload("");
  coordinator.answer([](const cli::HttpCall&) -> cli::HttpReply { throw cli::InterruptedError(); });
  EXPECT_EQ(run({file()}), 130);
  EXPECT_NE(notes.str().find("may have started"), std::string::npos);
}

TEST_F(DeployStartTest, AnIndexThatTheArtifactHasNotIsAnErrorOfTheCoordinator) {
  answer_version();
  coordinator.answer(R"({"missing":[99]})");
  EXPECT_EQ(run({file()}), 1);
}

TEST_F(DeployStartTest, ValidateNeedsNoCoordinator) {
  EXPECT_EQ(run({"validate", file()}), 0);
  EXPECT_NE(out.str().find("is valid: shop 1.2, 2 components, 1 host"), std::string::npos);
  out.str("");
  write_manifest("metadata: {name: shop, environment: staging}\ncomponents: [{name: api}]\n");
  EXPECT_EQ(run({"validate", file()}), 0);
  EXPECT_NE(out.str().find("is valid: shop, 1 component, 0 hosts"), std::string::npos) << out.str();
  write_manifest("metadata: {name: shop}\ncomponents: 3\n");
  out.str("");
  EXPECT_EQ(run({"validate", file(), "--json"}), 2);
  const json answer = json::parse(out.str());
  EXPECT_EQ(answer["valid"], false);
  // As every other error is.
  EXPECT_EQ(answer["error"]["code"], "bad_manifest");
  EXPECT_NE(answer["error"]["message"].get<std::string>().find("shop.yaml:2:"), std::string::npos) << answer;
  EXPECT_TRUE(answer["error"]["details"].is_object());
}

}  // namespace
}  // namespace switchyard::testing
