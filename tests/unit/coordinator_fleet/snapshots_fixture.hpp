#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/coordinator_fleet/fleet_world.hpp"

/// A fleet on whose two hosts `shop` is deployed, and what can be asked of its snapshots.
namespace switchyard::fleet {

/// `api`, and `web` if it is wanted, on these hosts. `more`: further lines of each component.
inline std::string shop_manifest(const std::string& version, const std::string& hosts, bool with_web = false,
                                 const std::string& more = "", const std::string& settings = "{}") {
  std::string text = "metadata: {name: shop, environment: production, version: \"" + version +
                     "\"}\ndeployment_settings: " + settings + "\ncomponents:\n";
  for (const std::string name : {"api", "web"}) {
    if (name == "web" && !with_web) continue;
    const int port = name == "api" ? 5'000 : 6'000;
    text += "  - name: " + name + "\n    hosts: [" + hosts + "]\n    artifact: {directory: " + name +
            "}\n    service: {command: [bin/server]}\n    ports: {stable: " + std::to_string(port) +
            ", blue: " + std::to_string(port + 1) + ", green: " + std::to_string(port + 2) +
            "}\n    traffic: {kind: nftables}\n" + more;
  }
  return text;
}

class SnapshotsTest : public ::testing::Test {
 protected:
  explicit SnapshotsTest(access::EnvironmentRules rules = {}) : world(std::move(rules)) {
    world.add_agent("web-1");
    world.add_agent("web-2");
  }

  /// `api` (and `web`) of this version, which is their content too.
  DeploymentView deploy(const std::string& version, const std::string& hosts = "web-1, web-2", bool with_web = false,
                        const std::string& more = "", const std::string& settings = "{}") {
    return deploy_text(version, shop_manifest(version, hosts, with_web, more, settings), with_web);
  }
  DeploymentView deploy_text(const std::string& version, const std::string& manifest, bool with_web = false) {
    std::map<std::string, ReleaseId> artifacts = {{"api", release("api", version)}};
    if (with_web) artifacts["web"] = release("web", version);
    const DeploymentView done = expect_value(world.start(world.request(manifest, std::move(artifacts))));
    EXPECT_EQ(world.row(done.row.id).state, model::DeploymentState::done) << world.row(done.row.id).reason;
    return done;
  }
  ReleaseId release(const std::string& component, const std::string& version) {
    return world.upload(component, component + " " + version);
  }

  template <class T, class Ask>
  Answer<T> later(Ask ask) {
    std::optional<Answer<T>> answer;
    ask([&](Answer<T> given) { answer = std::move(given); });
    world.run_until([&] { return answer.has_value(); });
    return *answer;
  }
  Answer<SnapshotView> create(const std::string& reason = "before the sale", const std::string& name = "",
                              const Caller& by = FleetWorld::caller) {
    return later<SnapshotView>([&](Reply<SnapshotView> reply) {
      world.operations().create_snapshot(by, {"production", name, reason}, std::move(reply));
    });
  }
  SnapshotView created() { return expect_value(create()); }
  SnapshotView shown(const SnapshotId& id, bool schemas = false) {
    return expect_value(later<SnapshotView>([&](Reply<SnapshotView> reply) {
      world.operations().snapshot(FleetWorld::caller, id, schemas, std::move(reply));
    }));
  }
  Answer<DeploymentView> restore(const SnapshotId& id, const std::string& reason = "test",
                                 const Caller& by = FleetWorld::caller, std::int64_t ms = 120'000) {
    auto answer = later<DeploymentView>([&](Reply<DeploymentView> reply) {
      world.operations().restore_snapshot(by, {id, reason, ""}, std::move(reply));
    });
    world.run(ms);
    return answer;
  }
  /// To its end.
  model::DeploymentRow restored(const SnapshotId& id) {
    const DeploymentId done = expect_value(restore(id)).row.id;
    EXPECT_EQ(world.row(done).state, model::DeploymentState::done) << world.row(done).reason;
    return world.row(done);
  }
  std::vector<SnapshotView> listed(std::size_t limit = 100) {
    return world.operations().snapshots(FleetWorld::caller, "", "", limit);
  }

  ReleaseId serving(const std::string& host, const std::string& component = "api") {
    return world.agent(host).serving[component].release;
  }
  std::vector<store::StoredAudit> audited(const std::string& operation) {
    auto rows = world.store().audit(0, 10'000);
    std::erase_if(rows, [&](const auto& row) { return row.entry.operation != operation; });
    return rows;
  }

  static inline const std::string with_files = "    files_to_backup: [/srv/api/state, /etc/api.conf]\n";
  FleetWorld world;
};

}  // namespace switchyard::fleet
