#include "coordinator/planner/manifest_reader.hpp"

#include <gtest/gtest.h>

#include "coordinator/planner/deployment_planner.hpp"
#include "tests/support/refusal.hpp"

namespace switchyard::planner {

using switchyard::testing::has;
using switchyard::testing::refusal;

namespace {

/// The deployment specification of the document that the product was asked for in, as it stands there.
constexpr const char* mcp_production = R"(# deploy/deployments/mcp-production-deployment.yaml
metadata:
  name: "mcp-production-deployment"
  environment: "production"

servers:
  - name: "brave-search"
    server_type: "search"
    priority: 100
    parallel_safe: true
    dependencies: []
    timeout_seconds: 300
    retry_attempts: 3
    health_checks:
      - "http_health"
      - "tcp_connectivity"

  - name: "security-scanner"
    server_type: "security"
    priority: 90
    parallel_safe: true
    dependencies: []
    timeout_seconds: 600

deployment_settings:
  parallel_deployment: true
  rollback_on_failure: true
  health_checks_enabled: true
  monitoring_enabled: true
)";

constexpr const char* full = R"(
metadata: {name: guestbook, environment: production, version: 1.20}
health_checks:
  - name: http_health_api
    type: http
    timeout_seconds: 15
    retry_attempts: 3
    critical: true
    tags: [http, api, core]
    config:
      url: "http://localhost:8000/health"
      expected_status: [200, 204]
      expected_body: healthy
      headers: {X-From: switchyard}
  - name: tcp_api_port
    type: tcp
    config: {host: localhost, port: 8000}
  - name: filesystem_health
    type: file_system
    config: {path: /tmp, check_readable: true, check_writable: true, min_free_space_mb: 100}
  - name: migrated
    type: command
    critical: false
    healthy_seconds: 2
    deadline_seconds: 9
    interval_seconds: 1
    successes: 5
    config: {command: [bin/check, "${port}"], user: www}
  - name: database
    type: unit
    config: {unit: postgresql.service}
components:
  - name: api
    hosts: [h1, h2]
    dependencies: [worker]
    priority: 10
    parallel_safe: false
    timeout_seconds: 60
    retry_attempts: 1
    health_checks:
      - http_health_api
      - tcp_api_port
      - filesystem_health
      - migrated
      - database
      - {name: own, type: http, config: {url: "http://127.0.0.1:${port}/", expected_status: 200}}
    artifact: {directory: build/api}
    runtime: systemd
    strategy: rolling
    max_parallel: 2
    service:
      command: [bin/api, --port, "${port}"]
      user: www
      environment: {MODE: production, DATA: "${shared_dir}/data"}
      stop_timeout_seconds: 20
    ports: {stable: 8000, blue: 8001, green: 8002}
    traffic: {kind: nginx}
    shared: [data, etc/app.conf]
    adopt: {unit: old-api.service}
    start: swap
    drain_seconds: 5
  - name: worker
    hosts: [h1]
    artifact: {tarball: worker.tar.gz}
    service: {unit: worker@.service}
  - name: front
    hosts: [h3]
    ports: {blue: 9001, green: 9002}
    traffic:
      kind: haproxy
      haproxy: {socket: /run/haproxy/admin.sock, backend: app, servers: {blue: b1, green: g1}}
deployment_settings:
  parallel_deployment: false
  rollback_on_failure: false
  health_checks_enabled: false
  monitoring_enabled: false
  confirm_seconds: 40
  prepare_seconds: 50
  watch_seconds: 6
  keep_old_seconds: 70
  keep_releases: 4
  max_parallel: 8
  on_restart: abort
  unreachable: {defer: 2}
)";

}  // namespace

TEST(ManifestReader, LoadsTheSpecificationOfTheRequestAsItStands) {
  const model::Manifest manifest = read_manifest(mcp_production, "mcp.yaml");
  EXPECT_EQ(manifest.name, "mcp-production-deployment");
  EXPECT_EQ(manifest.environment, "production");
  ASSERT_EQ(manifest.components.size(), 2U);
  const model::Component& search = manifest.components[0];
  EXPECT_EQ(search.name, "brave-search");
  EXPECT_EQ(search.server_type, "search");
  EXPECT_EQ(search.priority, 100);
  EXPECT_TRUE(search.parallel_safe);
  EXPECT_EQ(search.timeout_ms, 300'000U);
  EXPECT_EQ(search.retry_attempts, 3U);
  ASSERT_EQ(search.health_checks.size(), 2U);
  EXPECT_EQ(search.health_checks[0].probe.name, "http_health");
  EXPECT_EQ(search.health_checks[1].probe.name, "tcp_connectivity");
  EXPECT_EQ(manifest.components[1].timeout_ms, 600'000U);
  EXPECT_TRUE(manifest.settings.parallel_deployment && manifest.settings.rollback_on_failure);
}

model::DeploymentSettings settings_with(const std::string& settings) {
  const std::string text = "metadata: {name: shop}\ncomponents: [{name: api}]\ndeployment_settings: ";
  return read_manifest(text + settings + "\n", "shop.yaml").settings;
}

TEST(ManifestReader, ReadsHowWhatWasBegunIsUndone) {
  EXPECT_EQ(settings_with("{}").rollback_strategy, model::RollbackStrategy::immediate);
  for (const std::string_view name : model::rollback_strategies) {
    const auto settings = settings_with("{rollback_strategy: " + std::string(name) + "}");
    EXPECT_EQ(settings.rollback_strategy, *model::rollback_strategy_from_name(name));
    EXPECT_EQ(settings.rollback_on_failure, name != "manual") << name;
  }
  EXPECT_FALSE(settings_with("{auto_rollback: false}").rollback_on_failure);
  EXPECT_TRUE(settings_with("{auto_rollback: true}").rollback_on_failure);
}

TEST(ManifestReader, RefusesTwoWordsOnRollbackThatDoNotAgree) {
  EXPECT_TRUE(
      has(refusal([] { settings_with("{auto_rollback: true, rollback_on_failure: false}"); }), "mean the same"));
  EXPECT_TRUE(
      has(refusal([] { settings_with("{auto_rollback: true, rollback_strategy: manual}"); }), "says the opposite"));
  EXPECT_TRUE(has(refusal([] { settings_with("{rollback_strategy: gracefull}"); }), "graceful"));
}

TEST(ManifestReader, SaysWhatASpecificationLacksBeforeItCanBeDeployed) {
  const model::Manifest manifest = read_manifest(mcp_production, "mcp.yaml");
  const std::string text = refusal([&] { plan_deployment(manifest, {}, {}); });
  EXPECT_TRUE(text.starts_with("mcp.yaml:7:5: component `brave-search` can be checked, but not deployed")) << text;
  EXPECT_TRUE(has(text, "`hosts: [...]`"));
  EXPECT_TRUE(has(text, "`service: {command: [...]}`"));
  EXPECT_TRUE(has(text, "`artifact: {directory: ...}`"));
}

TEST(ManifestReader, ReadsEveryKey) {
  const model::Manifest manifest = read_manifest(full, "full.yaml");
  EXPECT_EQ(manifest.version, "1.20");
  const model::Component& api = manifest.components.at(0);
  EXPECT_EQ(api.hosts, (std::vector<HostId>{HostId("h1"), HostId("h2")}));
  EXPECT_EQ(api.dependencies, std::vector<std::string>{"worker"});
  EXPECT_FALSE(api.parallel_safe);
  EXPECT_EQ(api.artifact.directory, "build/api");
  EXPECT_EQ(api.strategy, model::Strategy::rolling);
  EXPECT_EQ(api.max_parallel, 2U);
  EXPECT_EQ(api.service.command, (std::vector<std::string>{"bin/api", "--port", "${port}"}));
  EXPECT_EQ(api.service.environment.at("DATA"), "${shared_dir}/data");
  EXPECT_EQ(api.service.stop_timeout_ms, 20'000U);
  EXPECT_EQ(api.ports, (model::Ports{8000, 8001, 8002}));
  EXPECT_EQ(api.traffic, model::TrafficKind::nginx);
  EXPECT_EQ(api.shared, (std::vector<std::string>{"data", "etc/app.conf"}));
  EXPECT_EQ(api.adopt_unit, "old-api.service");
  EXPECT_EQ(api.start, model::StartIn::swap);
  EXPECT_EQ(api.drain_ms, 5'000U);
  const model::Component& worker = manifest.components.at(1);
  EXPECT_EQ(worker.artifact.tarball, "worker.tar.gz");
  EXPECT_EQ(worker.service.unit, "worker@.service");
  EXPECT_EQ(worker.strategy, model::Strategy::recreate);
  const model::Component& front = manifest.components.at(2);
  EXPECT_EQ(front.strategy, model::Strategy::blue_green);
  EXPECT_EQ(front.haproxy, (model::HaproxyPlace{"/run/haproxy/admin.sock", "app", "b1", "g1"}));
  const model::DeploymentSettings& settings = manifest.settings;
  EXPECT_FALSE(settings.parallel_deployment || settings.rollback_on_failure || settings.health_checks_enabled ||
               settings.monitoring_enabled);
  EXPECT_EQ(settings.confirm_ms, 40'000U);
  EXPECT_EQ(settings.prepare_ms, 50'000U);
  EXPECT_EQ(settings.watch_ms, 6'000U);
  EXPECT_EQ(settings.keep_old_ms, 70'000U);
  EXPECT_EQ(settings.keep_releases, 4U);
  EXPECT_EQ(settings.max_parallel, 8U);
  EXPECT_EQ(settings.on_restart, model::OnRestart::abort);
  EXPECT_EQ(settings.unreachable, model::Unreachable::defer);
  EXPECT_EQ(settings.defer_max, 2U);
}

TEST(ManifestReader, ReadsHealthChecks) {
  const std::vector<model::HealthCheck> checks = read_manifest(full, "full.yaml").components.at(0).health_checks;
  ASSERT_EQ(checks.size(), 6U);
  const auto& http = std::get<protocol::HttpProbe>(checks[0].probe.kind);
  EXPECT_EQ(http.url, "http://localhost:8000/health");
  EXPECT_EQ(http.expected_status, (std::vector<std::uint16_t>{200, 204}));
  EXPECT_EQ(http.expected_body, "healthy");
  EXPECT_EQ(http.headers.at("X-From"), "switchyard");
  EXPECT_EQ(checks[0].probe.timeout_ms, 15'000U);
  EXPECT_EQ(checks[0].probe.deadline_ms, 60'000U) << "four tries of 15 s";
  EXPECT_EQ(checks[0].tags, (std::vector<std::string>{"http", "api", "core"}));
  EXPECT_EQ(std::get<protocol::TcpProbe>(checks[1].probe.kind), (protocol::TcpProbe{"localhost", 8000}));
  EXPECT_EQ(std::get<protocol::FileSystemProbe>(checks[2].probe.kind),
            (protocol::FileSystemProbe{"/tmp", true, true, 100}));
  const protocol::ProbeSpec& command = checks[3].probe;
  EXPECT_EQ(std::get<protocol::CommandProbe>(command.kind).argv, (std::vector<std::string>{"bin/check", "${port}"}));
  EXPECT_FALSE(command.critical);
  EXPECT_EQ(command.min_healthy_ms, 2'000U);
  EXPECT_EQ(command.deadline_ms, 9'000U);
  EXPECT_EQ(command.interval_ms, 1'000U);
  EXPECT_EQ(command.successes, 5U);
  EXPECT_EQ(std::get<protocol::UnitProbe>(checks[4].probe.kind).unit, "postgresql.service");
  EXPECT_EQ(std::get<protocol::HttpProbe>(checks[5].probe.kind).expected_status, std::vector<std::uint16_t>{200});
}

TEST(ManifestReader, NamesThePlaceAndTheNearestKey) {
  const auto of = [](const std::string& text) { return refusal([&] { read_manifest(text, "f.yaml"); }); };
  EXPECT_TRUE(has(of("metadata: {name: x}\nservers:\n  - name: a\n    dependancies: [b]\n"),
                  "f.yaml:4:5: unknown key `dependancies` in `servers[0]`; did you mean `dependencies`?"));
  EXPECT_TRUE(has(of("metadata: {name: x}\nservers:\n  - priority: 1\n"), "f.yaml:3:5: `servers[0]` has no `name`"));
  EXPECT_TRUE(has(of("servers: [{name: a}]\n"), "f.yaml:1:1: the file has no `metadata`"));
  EXPECT_TRUE(has(of("metadata: {name: x}\n"), "f.yaml:1:1: the file has no `components:`"));
  EXPECT_TRUE(has(of("metadata: {name: x}\nservers: []\n"), "f.yaml:2:10: `servers` is empty"));
  EXPECT_TRUE(has(of("metadata: {name: x}\nservers: [{name: a}]\ncomponents: [{name: b}]\n"), "mean the same"));
  EXPECT_TRUE(has(of(""), "f.yaml:1:1: the file is empty"));
  EXPECT_TRUE(has(of("metadata: {name: x}\nservers: [{name: a, parallel_safe: yes}]\n"), "must be true or false"));
  EXPECT_TRUE(has(of("metadata: {name: x}\nservers: [{name: a, timeout_seconds: 0}]\n"), "f.yaml:2:38: "));
  EXPECT_TRUE(has(of("metadata: {name: x}\nservers: [{name: a, health_checks: [http_helth]}]\n"),
                  "unknown health check `http_helth`; did you mean `http_health`?"));
}

TEST(ManifestReader, RefusesAProgramThatLeavesTheRelease) {
  const auto of = [](const std::string& program) {
    return refusal([&] {
      read_manifest("metadata: {name: x}\nservers: [{name: a, service: {command: [" + program + "]}}]\n", "f.yaml");
    });
  };
  EXPECT_TRUE(has(of("../../etc/passwd"),
                  "f.yaml:2:41: `servers[0].service.command` begins with \"../../etc/passwd\", "
                  "which leaves the release's directory"));
  EXPECT_TRUE(has(of("bin/../../x"), "leaves the release's directory"));
  EXPECT_EQ(of("bin/../x"), "(accepted)");
  EXPECT_EQ(of("/usr/bin/node"), "(accepted)");
}

TEST(ManifestReader, ReportsACycleAsAskedForWithTheWholeCycle) {
  const std::string text = refusal([] {
    read_manifest(
        "metadata: {name: x}\nservers:\n  - {name: server-a, dependencies: [server-b]}\n"
        "  - {name: server-b, dependencies: [server-a]}\n",
        "f.yaml");
  });
  EXPECT_TRUE(has(
      text, "Circular dependency detected in deployment plan involving 'server-a': server-a -> server-b -> server-a"));
  EXPECT_TRUE(text.starts_with("f.yaml:3:5: ")) << text;
}

TEST(ManifestReader, BoundsTheNumberOfComponents) {
  std::string text = "metadata: {name: x}\ncomponents:\n";
  for (std::size_t i = 0; i <= limits::components_max; ++i) text += "  - {name: c" + std::to_string(i) + "}\n";
  EXPECT_TRUE(has(refusal([&] { read_manifest(text, "f.yaml"); }), "more than 200 components"));
}

}  // namespace switchyard::planner
