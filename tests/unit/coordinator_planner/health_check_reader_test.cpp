#include "coordinator/planner/health_check_reader.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>
#include <iterator>

#include "coordinator/planner/yaml_json.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/source_tree.hpp"

namespace switchyard::planner {

using switchyard::testing::has;
using switchyard::testing::refusal;

namespace {

model::HealthCheck read(const std::string& text) {
  return read_check_file("health_checks:\n  - " + text + "\n", "f.yaml").at(0);
}
std::string trouble(const std::string& text) {
  return refusal([&] { read(text); });
}

}  // namespace

TEST(HealthCheckReader, ReadsTheKindsOfIntegrity) {
  const auto database = std::get<protocol::DatabaseProbe>(
      read("{name: d, type: database, config: {user: shop, credential: shop-db}}").probe.kind);
  EXPECT_EQ(database, (protocol::DatabaseProbe{"127.0.0.1", 5432, "shop", "shop", "SELECT 1", "shop-db"}));
  const auto queue = std::get<protocol::QueueProbe>(read("{name: q, type: queue, config: {port: 7000}}").probe.kind);
  EXPECT_EQ(queue, (protocol::QueueProbe{"127.0.0.1", 7000, "", ""}));
  const auto storage = std::get<protocol::StorageProbe>(
      read("{name: s, type: storage, config: {url: \"http://h:9000/b\", access_key: AK, credential: s3}}").probe.kind);
  EXPECT_EQ(storage, (protocol::StorageProbe{"http://h:9000/b", "us-east-1", "AK", "s3"}));
  const auto directory = std::get<protocol::FileSystemProbe>(
      read("{name: s, type: storage, config: {path: /srv/uploads, min_free_space_mb: 10}}").probe.kind);
  EXPECT_EQ(directory, (protocol::FileSystemProbe{"/srv/uploads", true, true, 10}));
  EXPECT_TRUE(has(trouble("{name: s, type: storage, config: {path: /srv/uploads, url: \"http://h:9000/b\"}}"),
                  "this one is a directory"));
  EXPECT_TRUE(has(trouble("{name: s, type: storage, config: {path: uploads}}"), "absolute path"));
  const auto resources = std::get<protocol::ResourcesProbe>(
      read("{name: r, type: resources, config: {max_cpu_percent: 90, min_free_space_mb: 5}}").probe.kind);
  EXPECT_EQ(resources, (protocol::ResourcesProbe{90, 0, 5, "/"}));
  EXPECT_TRUE(has(trouble("{name: r, type: resources, config: {}}"), "asks for nothing"));
  EXPECT_TRUE(has(trouble("{name: s, type: storage, config: {url: \"http://h:9000\", access_key: AK, credential: s3}}"),
                  "must name a bucket"));
  EXPECT_TRUE(has(trouble("{name: d, type: database, config: {credential: ../x}}"), "../x"));
}

TEST(HealthCheckReader, ReadsHowADatabaseIsAskedOverTls) {
  const auto tls = [](const std::string& config) {
    return std::get<protocol::DatabaseProbe>(read("{name: d, type: database, config: {" + config + "}}").probe.kind)
        .tls;
  };
  using protocol::TlsDemand;
  using protocol::TlsMode;
  EXPECT_EQ(tls(""), std::nullopt) << "a plan of before keeps its bytes";
  EXPECT_EQ(tls("sslmode: disable"), std::nullopt);
  EXPECT_EQ(tls("sslmode: require"), (TlsDemand{TlsMode::require, ""}));
  EXPECT_EQ(tls("sslmode: verify-ca"), (TlsDemand{TlsMode::verify_ca, ""}));
  EXPECT_EQ(tls("sslmode: verify-full, sslrootcert: /etc/ssl/db.pem"),
            (TlsDemand{TlsMode::verify_full, "/etc/ssl/db.pem"}));
  const auto refused = [](const std::string& config) {
    return trouble("{name: d, type: database, config: {" + config + "}}");
  };
  EXPECT_TRUE(has(refused("sslmode: prefer"), "verify-full")) << "that would say nothing of what was checked";
  EXPECT_TRUE(has(refused("sslmode: require, sslrootcert: /etc/ssl/db.pem"), "verify-ca"));
  EXPECT_TRUE(has(refused("sslrootcert: /etc/ssl/db.pem"), "verify-ca"));
  EXPECT_TRUE(has(refused("sslmode: verify-full, sslrootcert: db.pem"), "absolute path"));
}

TEST(HealthCheckReader, KeepsHowOftenACheckIsTriedAgain) {
  EXPECT_EQ(read("{name: a, type: tcp, config: {port: 1}}").probe.retry_attempts, std::nullopt);
  EXPECT_EQ(read("{name: a, type: tcp, retry_attempts: 0, config: {port: 1}}").probe.retry_attempts, std::nullopt);
  EXPECT_EQ(read("{name: a, type: tcp, retry_attempts: 3, config: {port: 1}}").probe.retry_attempts, 3u);
}

TEST(HealthCheckReader, ReadsACustomCheckWithItsParametersAsJson) {
  const auto custom = std::get<protocol::CustomProbe>(
      read("{name: c, type: custom, config: {command: [/c], parameters: {least: 10, share: 0.5, on: true, "
           "text: \"10\", name: 1.2.3, list: [a, null], quote: 'say \"hi\"'}}}")
          .probe.kind);
  EXPECT_EQ(custom.config,
            R"({"least":10,"share":0.5,"on":true,"text":"10","name":"1.2.3","list":["a",null],"quote":"say \"hi\""})");
}

TEST(HealthCheckReader, SaysThatContainersAreNotThereYet) {
  EXPECT_TRUE(has(trouble("{name: c, type: container, config: {}}"), "they come with Docker"));
  EXPECT_TRUE(has(trouble("{name: c, type: costum, config: {}}"), "did you mean `custom`"));
}

TEST(HealthCheckReader, GivesTestsTheirOwnTimes) {
  const protocol::ProbeSpec look = read("{name: a, type: tcp, config: {port: 1}}").probe;
  EXPECT_EQ(look.tier, std::nullopt) << "a plan of before keeps its bytes";
  EXPECT_EQ(look.successes, 2u);
  const model::HealthCheck test = read("{name: a, type: command, tier: 2, scope: full, config: {command: [/t]}}");
  EXPECT_EQ(test.probe.tier, 2u);
  EXPECT_EQ(test.scope, model::TestScope::full);
  EXPECT_EQ(test.probe.timeout_ms, 600'000u);
  EXPECT_EQ(test.probe.successes, 1u);
  EXPECT_GT(test.probe.deadline_ms, test.probe.timeout_ms);
  EXPECT_TRUE(has(trouble("{name: a, type: tcp, scope: full, config: {port: 1}}"), "goes with `tier: 2`"));
}

TEST(SmokeReader, ReadsAFlow) {
  const auto smoke = std::get<protocol::SmokeProbe>(
      read("{name: s, type: smoke, config: {requests: [{name: order, method: POST, url: \"http://h:${port}/o\", body: "
           "'@{webhook}', capture: {id: order.id}, webhook: {expected_body: paid}}, {name: show, url: "
           "\"http://h/o/@{id}\", critical: false}]}}")
          .probe.kind);
  ASSERT_EQ(smoke.requests.size(), 2u);
  EXPECT_EQ(smoke.requests[0].method, "POST");
  EXPECT_EQ(smoke.requests[0].capture.at("id"), "order.id");
  EXPECT_TRUE(smoke.requests[0].webhook);
  EXPECT_EQ(smoke.requests[0].webhook_body, "paid");
  EXPECT_FALSE(smoke.requests[1].critical);
}

TEST(SmokeReader, ReadsASuiteOfOutsideServices) {
  const std::string suite = "{name: s, type: smoke, config: {external: true, requests: [{name: a, url: \"http://h/\"";
  EXPECT_EQ(std::get<protocol::SmokeProbe>(read(suite + "}]}}").probe.kind).external, true);
  EXPECT_TRUE(has(trouble(suite + ", critical: false}]}}"), "says nothing in an `external` suite"));
}

TEST(SmokeReader, RefusesWhatCouldNeverPass) {
  const auto of = [](const std::string& requests) {
    return trouble("{name: s, type: smoke, config: {requests: " + requests + "}}");
  };
  EXPECT_TRUE(has(of("[]"), "is empty"));
  EXPECT_TRUE(has(of("[{name: a, url: \"http://h/@{id}\"}]"), "nothing before it captures `@{id}`"));
  EXPECT_TRUE(has(of("[{name: a, url: \"http://h/\", capture: {order: id}}, {name: b, url: \"http://h/@{oder}\"}]"),
                  "did you mean `order`"));
  EXPECT_TRUE(has(of("[{name: a, url: \"http://h/@{webhook}\"}]"), "no request waits for a call back"));
  EXPECT_TRUE(has(of("[{name: a, url: \"https://h/\"}]"), "must begin with http://"));
  EXPECT_TRUE(has(of("[{name: a, ulr: \"http://h/\"}]"), "did you mean `url`"));
}

/// Found by an audit: `config validate` refused what `health register` takes.
TEST(CheckFile, MayHoldWhereItsChecksAreRun) {
  EXPECT_EQ(read("{name: a, type: tcp, component: api, hosts: [web-1], config: {port: 80}}").probe.name, "a");
  EXPECT_EQ(read("{name: a, type: tcp, config: {port: \"${port}\"}}").probe.name, "a") << "for a manifest";
  EXPECT_TRUE(has(trouble("{name: a, type: tcp, component: \"My Api\", config: {port: 80}}"), "f.yaml:2:"));
  EXPECT_TRUE(has(trouble("{name: a, type: tcp, hosts: web-1, config: {port: 80}}"), "f.yaml:2:"));
  const std::string twice = "{name: a, type: tcp, config: {port: 80}}\n  - {name: a, type: tcp, config: {port: 81}}";
  EXPECT_TRUE(has(trouble(twice), "is there twice"));
  EXPECT_TRUE(has(refusal([] { read_checks_to_register("health_checks: []\n", "f.yaml"); }), "is empty"));
  const auto placed = read_checks_to_register(
      "health_checks: [{name: a, type: tcp, component: api, hosts: [web-1], config: {port: 80}}]\n", "f.yaml");
  EXPECT_EQ(placed.at(0).component, "api");
  EXPECT_EQ(placed.at(0).hosts, std::vector{HostId("web-1")});
}

TEST(CheckToRegister, HoldsNoVariableWhereverItStandsAndIsNotSuspectedOfOne) {
  const auto registered = [](const std::string& config) {
    return refusal([&] {
      read_checks_to_register("health_checks:\n  - {name: stock, type: custom, config: " + config + "}\n", "f.yaml");
    });
  };
  // On its way to an agent the length of a text stands before it: here it is 36, which is the character `$`.
  const std::string json = R"({"deep":{"list":["x"]},"least":"10"})";
  ASSERT_EQ(json.size(), static_cast<std::size_t>('$'));
  EXPECT_EQ(registered("{command: [/bin/true], parameters: {deep: {list: [x]}, least: \"10\"}}"), "(accepted)");
  for (const char* config : {"{command: [\"${release_dir}/bin/check\"]}",
                             "{command: [/bin/true], parameters: {deep: {list: [\"${port}\"]}}}",
                             "{command: [/bin/true], parameters: {\"${slot}\": 1}}"}) {
    EXPECT_TRUE(has(registered(config), "holds a variable")) << config;
  }
}

// What the documentation shows can be used as it stands.
TEST(HealthDocumentation, EveryExampleLoads) {
  std::ifstream file(switchyard::testing::source_tree() / "docs/health.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::string fence = "```yaml\n";
  int examples = 0;
  for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at + 1)) {
    const std::size_t begin = at + fence.size();
    const std::string example = text.substr(begin, text.find("```", begin) - begin);
    if (example.find("hosts:") == std::string::npos) {
      EXPECT_NO_THROW(read_check_file(example, "docs/health.md")) << example;
    } else {
      EXPECT_NO_THROW(read_checks_to_register(example, "docs/health.md")) << example;
    }
    ++examples;
  }
  EXPECT_EQ(examples, 4);
}

TEST(HealthDocumentation, NamesEveryTypeAndKey) {
  std::ifstream file(switchyard::testing::source_tree() / "docs/health.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  for (const char* word : {"http",
                           "tcp",
                           "command",
                           "file_system",
                           "unit",
                           "custom",
                           "database",
                           "queue",
                           "storage",
                           "resources",
                           "smoke",
                           "container",
                           "timeout_seconds",
                           "retry_attempts",
                           "critical",
                           "tags",
                           "tier",
                           "scope",
                           "run_tests",
                           "component",
                           "hosts",
                           "expected_status",
                           "expected_body",
                           "headers",
                           "check_readable",
                           "check_writable",
                           "min_free_space_mb",
                           "max_cpu_percent",
                           "min_free_memory_mb",
                           "credential",
                           "query",
                           "sslmode",
                           "sslrootcert",
                           "capture",
                           "webhook",
                           "parameters"}) {
    EXPECT_NE(text.find(word), std::string::npos) << word;
  }
}

}  // namespace switchyard::planner
