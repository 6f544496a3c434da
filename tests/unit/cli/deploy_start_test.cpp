#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/crypto.hpp"
#include "common/hex.hpp"
#include "common/ids.hpp"
#include "common/limits.hpp"
#include "protocol/artifact.hpp"
#include "tests/unit/cli/scripted_coordinator.hpp"

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

TEST_F(DeployStartTest, SendsNothingAgainThatIsThere) {
  answer_upload("");
  coordinator.answer(201, deployment_json("approved"));
  EXPECT_EQ(run({"deploy", "start", file(), "--detach"}), 0);
  EXPECT_EQ(coordinator.calls.size(), 4u);
  EXPECT_EQ(out.str(), "d-1\n");
}

TEST_F(DeployStartTest, ADryRunStartsNothing) {
  answer_upload("");
  coordinator.answer(R"({"hash":"abc","text":"the plan\n","nodes":[{}]})");
  EXPECT_EQ(run({"deploy", "start", file(), "--dry-run"}), 0);
  EXPECT_EQ(asked(3), "POST /v1/plans");
  EXPECT_EQ(out.str(), "the plan\n");
}

TEST_F(DeployStartTest, APlanWithoutAnythingToDoSaysSoOnce) {
  answer_upload("");
  coordinator.answer(R"({"hash":"abc","text":"Nothing to do: what is wanted serves already.\n","nodes":[]})");
  EXPECT_EQ(run({"plan", file()}), 0);
  EXPECT_EQ(out.str(), "Nothing to do: what is wanted serves already.\n");
  EXPECT_EQ(notes.str().find("othing to do"), std::string::npos) << notes.str();
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
