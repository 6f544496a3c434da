// Who may ask for what: every route of the API, against every kind with every role, granted for the environment that is
// acted on, for another one, and for all. The outcome is tests/golden/access/routes.txt, which people review: ACCEPT=1
// writes it anew.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <sstream>

#include "common/crypto.hpp"
#include "coordinator/api/service.hpp"
#include "coordinator/fleet/guarded_operations.hpp"
#include "coordinator/store/memory_store.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/memory_file_system.hpp"
#include "tests/support/source_tree.hpp"
#include "tests/unit/coordinator_api/sample_requests.hpp"

namespace switchyard::api {
namespace {

constexpr std::array kinds = {access::Kind::person, access::Kind::ci, access::Kind::ai};
constexpr std::array roles = {access::Role::viewer, access::Role::operator_, access::Role::approver,
                              access::Role::admin};
/// The letter that stands for a grant in the table.
constexpr std::array<std::pair<const char*, char>, 3> environments = {
    {{"production", 'p'}, {"staging", 's'}, {"*", '*'}}};

class AccessMatrix : public ::testing::Test {
 protected:
  AccessMatrix() {
    store.take_epoch("test");
    for (const DeploymentId& id : {testing::known_deployment, testing::known_rollback}) {
      model::DeploymentRow row;
      row.id = id;
      row.environment = "production";
      store.commit({store::PutDeployment{row}});
    }
    store.commit({store::AddSnapshot{testing::FakeOperations::sample_snapshot().row}});
    model::ApiTokenRow token = testing::FakeOperations::sample_token();
    store.commit({store::AddApiToken{token}});
  }
  static TokenBook tokens() {
    testing::MemoryFileSystem files;
    files.create_directories("/state", 0700);
    return TokenBook::open(files, "/state");
  }
  std::string operation_of(const Route& route) const {
    std::string method(method_name(route.method));
    std::transform(method.begin(), method.end(), method.begin(),
                   [](char c) { return static_cast<char>(std::tolower(c)); });
    return document["paths"][std::string(route.path)][method]["operationId"].as<std::string>();
  }
  /// `overriding` takes a right of its own: without it the sample is asked without that member.
  static std::map<std::string, std::string> bodies(bool overriding) {
    std::map<std::string, std::string> bodies = sample_bodies();
    const std::string member = R"(,"override_freeze":"r")";
    for (auto& [operation, body] : bodies) {
      if (const std::size_t at = body.find(member); at != std::string::npos && !overriding)
        body.erase(at, member.size());
    }
    return bodies;
  }
  int status(const Route& route, const access::Principal& who, bool overriding = false) {
    const std::string operation = operation_of(route);
    const std::map<std::string, std::string> samples = bodies(overriding);
    const auto body = samples.find(operation);
    RequestHead head;
    head.method = route.method;
    head.target = target_of(route, operation);
    head.host = "localhost";
    head.authorization = "Bearer x";
    operations.bearers[sha256_hex("x")] = {who, "0123456789ab"};
    if (body != samples.end()) head.content_length = body->second.size();
    if (route.body == BodyKind::json) head.content_type = "application/json";
    if (route.body == BodyKind::octets) head.content_type = "application/octet-stream";
    auto judged = service.admit(head, {false, "", "127.0.0.1:40000"});
    if (auto* refused = std::get_if<Response>(&judged)) return refused->status;
    auto& admission = std::get<Service::Admission>(judged);
    if (body != samples.end()) admission.request.body = body->second;
    int answered = 0;
    service.run(*admission.route, admission.request, [&](const Response& response) { answered = response.status; });
    return answered;
  }
  /// The grants that let it through: `p*`, or `-`.
  std::string cell(const Route& route, access::Kind kind, access::Role role, bool overriding = false) {
    std::string letters;
    for (const auto& [environment, letter] : environments) {
      const std::size_t asked = operations.asked.size();
      const int answered = status(route, {"token:x", kind, {{role, environment}}}, overriding);
      EXPECT_TRUE(answered == 403 || (answered >= 200 && answered < 300)) << route.path << " answered " << answered;
      if (answered == 403) {
        EXPECT_EQ(operations.asked.size(), asked) << route.path << " was done, and refused";
      } else {
        letters += letter;
      }
    }
    return letters.empty() ? "-" : letters;
  }
  std::string table() {
    std::ostringstream text;
    text << "# p: with this role in production, where it is acted; s: in staging; *: everywhere; -: never\n";
    text << std::left << std::setw(46) << "#";
    for (const access::Kind kind : kinds) {
      for (const access::Role role : roles) {
        text << std::setw(16) << std::string(access::kind_name(kind)) + " " + std::string(access::role_name(role));
      }
    }
    text << "\n";
    for (const Route& route : routes()) {
      text << std::setw(46) << std::string(method_name(route.method)) + " " + std::string(route.path);
      for (const access::Kind kind : kinds) {
        for (const access::Role role : roles) text << std::setw(16) << cell(route, kind, role);
      }
      text << "\n";
    }
    const auto start = std::find_if(routes().begin(), routes().end(),
                                    [this](const Route& route) { return operation_of(route) == "start_deployment"; });
    text << std::setw(46) << "POST /v1/deployments with override_freeze";
    for (const access::Kind kind : kinds) {
      for (const access::Role role : roles) text << std::setw(16) << cell(*start, kind, role, true);
    }
    text << "\n";
    return text.str();
  }

  YAML::Node document = YAML::LoadFile(testing::source_tree() / "docs/openapi.yaml");
  testing::FakeClock clock;
  testing::FakeOperations operations;
  store::MemoryStore store;
  fleet::RefusalBook refusals{store, clock};
  fleet::ApiTokenBook tokens_of_store{store, clock};
  fleet::GuardedOperations guarded{operations, store, tokens_of_store, refusals};
  Service service{guarded, ApiConfig{}, tokens(), clock};
};

/// Trailing blanks would be taken away by editors.
std::string without_trailing_blanks(const std::string& text) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    while (line.ends_with(' ')) line.pop_back();
    result += line + "\n";
  }
  return result;
}

TEST_F(AccessMatrix, IsAsReviewed) {
  const std::string now = without_trailing_blanks(table());
  const std::filesystem::path file = testing::source_tree() / "tests/golden/access/routes.txt";
  if (std::getenv("ACCEPT") != nullptr) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << now;
  }
  std::stringstream accepted;
  accepted << std::ifstream(file).rdbuf();
  EXPECT_EQ(now, accepted.str()) << "somebody may do something else than what was reviewed";
}

TEST_F(AccessMatrix, WhoWasGivenNothingMayDoNothingAndSeesNothing) {
  for (const Route& route : routes()) {
    if (route.access == Access::open || route.path == "/v1/version") continue;
    const int answered = status(route, {"token:x", access::Kind::person, {}});
    const bool list = answered == 200 && route.method == Method::get;
    EXPECT_TRUE(answered == 403 || list) << route.path << " answered " << answered;
  }
  EXPECT_TRUE(operations.asked.empty());
}

TEST_F(AccessMatrix, ARefusalIsInTheAuditUnderItsPrincipal) {
  const access::Principal viewer{"token:ann", access::Kind::person, {{access::Role::viewer, "*"}}};
  for (const Route& route : routes()) {
    if (route.path == "/v1/deployments" && route.method == Method::post) {
      for (int i = 0; i < 50; ++i) EXPECT_EQ(status(route, viewer), 403);
    }
  }
  refusals.write_due();
  const auto rows = store.audit(0, 100);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].entry.principal, "token:ann");
  EXPECT_EQ(rows[0].entry.operation, "access.refuse");
  EXPECT_EQ(rows[0].entry.object, "deployment.start");
  EXPECT_EQ(rows[0].entry.details.at("count"), "50");
  EXPECT_EQ(rows[0].entry.details.at("token_hash"), "0123456789ab");
  EXPECT_EQ(rows[0].entry.details.at("environment"), "production");
  EXPECT_EQ(rows[0].entry.origin, "127.0.0.1");
  EXPECT_FALSE(rows[0].entry.success);
}

TEST_F(AccessMatrix, ByAKeyNothingOfAnotherEnvironmentComesOut) {
  // FakeOperations answers every start with its deployment in production.
  const fleet::Caller caller{"token:x", "", {"token:x", access::Kind::ci, {{access::Role::operator_, "staging"}}}};
  fleet::DeployRequest request;
  request.environment = "staging";
  request.idempotency_key = "ci-run-7";
  int status = 0;
  guarded.start(caller, request, [&](const fleet::Answer<fleet::DeploymentView>& answer) {
    const auto* refusal = std::get_if<fleet::Refusal>(&answer);
    status = refusal == nullptr ? 201 : refusal->status;
  });
  EXPECT_EQ(status, 403);
}

/// To read a schema takes locks in the database.
TEST_F(AccessMatrix, WhoMayOnlyLookHasNoSchemasRead) {
  const auto status_for = [&](access::Role role, bool schemas) {
    const fleet::Caller caller{"token:x", "", {"token:x", access::Kind::person, {{role, "production"}}}};
    int status = 0;
    guarded.snapshot(caller, testing::known_snapshot, schemas, [&](fleet::Answer<fleet::SnapshotView> answer) {
      const auto* refusal = std::get_if<fleet::Refusal>(&answer);
      status = refusal == nullptr ? 200 : refusal->status;
    });
    return status;
  };
  EXPECT_EQ(status_for(access::Role::viewer, false), 200);
  EXPECT_EQ(status_for(access::Role::viewer, true), 403);
  EXPECT_EQ(status_for(access::Role::operator_, true), 200);
}

TEST_F(AccessMatrix, ListsShowWhatTheCallerMaySee) {
  const auto caller = [](const char* environment) {
    return fleet::Caller{"token:x", "", {"token:x", access::Kind::person, {{access::Role::viewer, environment}}}};
  };
  // FakeOperations has a deployment and a rollback, both in production.
  EXPECT_EQ(guarded.deployments(caller("production"), 10).size(), 2u);
  EXPECT_EQ(guarded.deployments(caller("production"), 1).size(), 1u);
  EXPECT_EQ(guarded.deployments(caller("staging"), 10).size(), 0u);
  EXPECT_EQ(guarded.deployments(caller("*"), 10).size(), 2u);
  EXPECT_EQ(guarded.deployments(caller("*"), 1).size(), 1u);
  const auto serving = [&](const char* environment) {
    std::size_t count = 99;
    guarded.serving(caller(environment), [&](const auto& answer) { count = std::get<0>(answer).size(); });
    return count;
  };
  EXPECT_EQ(serving("production"), 1u);
  EXPECT_EQ(serving("staging"), 0u);
  EXPECT_EQ(guarded.environments(caller("staging")), std::vector<std::string>{"staging"});
  EXPECT_EQ(guarded.environments(caller("*")), (std::vector<std::string>{"production", "staging"}));
  EXPECT_TRUE(guarded.environments(caller("qa")).empty());
  EXPECT_EQ(guarded.snapshots(caller("production"), "", "", 10).size(), 1u);
  EXPECT_EQ(guarded.snapshots(caller("staging"), "", "", 10).size(), 0u);
  const fleet::Caller admin{"token:x", "", {"token:x", access::Kind::person, {{access::Role::admin, "staging"}}}};
  EXPECT_EQ(guarded.api_tokens(admin).size(), 0u);
}

TEST_F(AccessMatrix, NobodyIsShownMoreSnapshotsThanHeAskedForHoweverFewHeMaySee) {
  operations.snapshots_known = 5;
  for (const char* environment : {"production", "*"}) {
    const fleet::Caller viewer{"token:x", "", {"token:x", access::Kind::person, {{access::Role::viewer, environment}}}};
    EXPECT_EQ(guarded.snapshots(viewer, "", "", 3).size(), 3u) << environment;
  }
  EXPECT_EQ(operations.snapshots_asked, 3u) << "who sees all of them has no more looked at than he asked for";
}

}  // namespace
}  // namespace switchyard::api
