#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"
#include "common/limits.hpp"
#include "coordinator/model/configuration.hpp"
#include "coordinator/model/plan.hpp"
#include "coordinator/model/run_tests.hpp"
#include "protocol/save_order.hpp"
#include "protocol/step.hpp"

/// A deployment's specification as a person wrote it, checked and with defaults filled in
/// (planner/manifest_reader.hpp). Texts may still hold `${port}` and the other variables of planner/variables.hpp.
/// Plain values.
namespace switchyard::model {

/// blue_green: the new slot starts beside the old, then traffic is switched. rolling: the same or a restart, in batches
/// of hosts. recreate: the old is stopped before the new starts, with downtime. canary: the new slot beside the old on
/// every host, with a growing share of the traffic.
enum class Strategy : std::uint8_t { blue_green = 0, rolling = 1, recreate = 2, canary = 3 };
/// nginx is a proxy that stands in front of the nftables switch and is never reloaded.
enum class TrafficKind : std::uint8_t { none = 0, nftables = 1, nginx = 2, haproxy = 3 };
/// When the new slot starts: before anything is switched, or in the swap, when the dependencies' new releases are live.
enum class StartIn : std::uint8_t { prepare = 0, swap = 1 };

std::string_view strategy_name(Strategy strategy);
std::optional<Strategy> strategy_from_name(std::string_view name);
std::string_view traffic_kind_name(TrafficKind kind);

/// Where the strategy of ManifestDefaults comes from, from weak to strong.
enum class StrategySource : std::uint8_t {
  variable = 0,     ///< DEPLOYMENT_STRATEGY, of components that name none
  environment = 1,  ///< `strategy:` of the environment's file, likewise
  option = 2        ///< `--strategy`: in place of what the manifest says
};
std::string_view strategy_source_name(StrategySource source);
std::optional<StrategySource> strategy_source_from_name(std::string_view name);

/// What stands in place of a manifest's silence: variables of whoever asks, and what the environment's file says
/// (docs/configuration.md). What the manifest says goes before, but for what is asked for by option: a strategy, and
/// whether migrations are run. Nothing: the defaults of docs/manifest.md and docs/health.md.
struct ManifestDefaults {
  std::optional<Strategy> strategy = {};
  std::optional<std::uint32_t> check_deadline_s = {};         ///< HEALTH_CHECK_TIMEOUT, of tier 0
  std::optional<std::uint32_t> test_timeout_s = {};           ///< INTEGRATION_TEST_TIMEOUT, of tier 2
  std::optional<bool> rollback_on_failure = {};               ///< ROLLBACK_ENABLED
  StrategySource strategy_source = StrategySource::variable;  ///< always that where there is no strategy
  std::optional<bool> run_migrations = {};                    ///< --no-migrations: in place of what the manifest says
  bool operator==(const ManifestDefaults&) const = default;
  bool empty() const { return *this == ManifestDefaults{}; }
};

/// Where a release's files come from; relative to the manifest's own directory. At most one is set.
struct ArtifactSource {
  std::string directory;
  std::string tarball;
  std::string where = {};  ///< file:line:column of the path, for messages
  bool empty() const { return directory.empty() && tarball.empty(); }
  bool operator==(const ArtifactSource&) const = default;
};

/// `service.configuration`: which file the service is configured by.
struct ConfigurationPlace {
  ConfigurationFormat format = ConfigurationFormat::json;
  std::string file;  ///< env: always `environment`
  bool operator==(const ConfigurationPlace&) const = default;
};

/// What runs. `command` (a unit is generated) or `unit` (a template unit of the host, `name@.service`), or neither in a
/// manifest that is only validated.
struct Service {
  std::vector<std::string> command;  ///< argv; a first word with a `/` is relative to the release's directory
  std::string command_where;         ///< file:line:column of the program's name, for messages
  std::string user;                  ///< empty: a user of its own that lives as long as the process (DynamicUser)
  std::map<std::string, std::string> environment;
  std::string unit;
  std::uint32_t stop_timeout_ms = 30'000;
  std::optional<ConfigurationPlace> configuration;
  // What follows is not of the file, but of what it is deployed with.
  std::optional<ConfigurationDelivery> delivery;
  ResourceLimits limits;
  bool empty() const { return command.empty() && unit.empty(); }
  bool operator==(const Service&) const = default;
};

/// A command of the release, or of the host, that runs on every host of a deployment, once: in PREPARE when the new
/// slot is there and nothing leads to it, or in the swap when it serves and before it is checked. `undo` runs on the
/// way back.
struct RunCommand {
  std::string name;
  protocol::Phase phase = protocol::Phase::prepare;
  std::vector<std::string>
      command;                    ///< argv; a first word without a leading `/` is relative to the release's directory
  std::vector<std::string> undo;  ///< likewise; empty: there is nothing to undo
  std::string user;
  std::uint32_t timeout_ms = limits::step_timeout_ms_default;
  std::string where;       ///< file:line:column of the program's name, for messages
  bool migration = false;  ///< it migrates a database
  bool operator==(const RunCommand&) const = default;
};

/// A program that is told of a moment of the deployment of this component on each host, and may object.
struct HookCommand {
  std::string name;
  protocol::HookPhase phase = protocol::HookPhase::pre_prepare;
  std::vector<std::string> command;  ///< argv, as of RunCommand
  std::vector<std::string> undo;     ///< likewise; empty: there is nothing to undo
  std::string user;
  std::uint32_t timeout_ms = 0;
  bool critical = true;
  std::string config;  ///< a JSON object whose texts may hold variables; empty: none
  std::string where;   ///< file:line:column of the program's name, for messages
  bool operator==(const HookCommand&) const = default;
};
/// Before the release is there, and after it may never have come, a hook is a program of the host.
bool finds_release(protocol::HookPhase phase);
/// The decision is made, or it is the way back: what fails there is told and stops nothing.
bool may_object(protocol::HookPhase phase);

/// 0: not given. `stable` is what clients know; blue and green are the slots' own.
struct Ports {
  std::uint16_t stable = 0;
  std::uint16_t blue = 0;
  std::uint16_t green = 0;
  bool operator==(const Ports&) const = default;
};

struct HaproxyPlace {
  std::string socket;  ///< the runtime API: /run/haproxy/admin.sock
  std::string backend;
  std::string blue;  ///< server names within the backend
  std::string green;
  bool operator==(const HaproxyPlace&) const = default;
};

/// The shares of the traffic that the new release serves before it serves all of it, each for some time.
struct Canary {
  std::vector<std::uint32_t> weights;  ///< percent, growing
  std::uint32_t pause_ms = limits::canary_pause_ms_default;
  bool promoted_by_hand = false;  ///< after the pause a person says when it goes on
  bool operator==(const Canary&) const = default;
};

/// A health check. In `probe`, texts may hold variables, and a TCP port of 0 means `${port}`.
struct HealthCheck {
  protocol::ProbeSpec probe;
  std::vector<std::string> tags;
  TestScope scope = TestScope::critical;  ///< of tier 2
  bool time_is_default = false;           ///< its deadline or timeout is one of ManifestDefaults
  bool operator==(const HealthCheck&) const = default;
};

struct Component {
  std::string name;
  std::string server_type;    ///< for people
  std::int32_t priority = 0;  ///< the higher starts first among those whose dependencies are done
  bool parallel_safe = true;
  std::vector<std::string> dependencies;
  std::uint32_t timeout_ms = limits::step_timeout_ms_default;  ///< of one step
  std::uint32_t retry_attempts = 3;                            ///< of a step of PREPARE
  std::vector<HealthCheck> health_checks;                      ///< names resolved
  std::vector<HostId> hosts;
  ArtifactSource artifact;
  Strategy strategy = Strategy::recreate;
  Service service;
  Ports ports;
  TrafficKind traffic = TrafficKind::none;
  HaproxyPlace haproxy;
  std::vector<RunCommand> runs;                  ///< in this order
  std::vector<std::string> migrations_left_out;  ///< by name, when none are run: they are not in `runs`
  std::vector<HookCommand> hooks;                ///< likewise, within a phase
  std::vector<std::string> shared;               ///< relative paths that outlive releases
  std::vector<std::string> files_to_backup;      ///< absolute paths on the host: saved first, restored on the way back
  /// Databases whose schemas snapshots have; what plans do has nothing to do with them.
  std::vector<protocol::SchemaDemand> schemas_to_backup;
  std::string adopt_unit;  ///< the unit of what serves now without Switchyard
  StartIn start = StartIn::prepare;
  std::uint32_t drain_ms = 30'000;
  std::uint32_t max_parallel = 0;    ///< rolling: hosts in a batch; 0: as the deployment's settings say
  std::uint32_t min_healthy = 0;     ///< rolling: so many of its hosts are in no batch at any time
  std::uint32_t min_healthy_ms = 0;  ///< rolling: a batch stays healthy for so long before the next one begins
  Canary canary;
  std::string where;                 ///< file:line:column, for messages
  bool strategy_is_default = false;  ///< of ManifestDefaults, and not what the file says
  /// Why it cannot follow the strategy that is asked for by option, which matters only if it is to be deployed; it then
  /// has the one that its file says.
  std::string strategy_trouble;
  bool operator==(const Component&) const = default;

  /// The new slot runs beside the old on its own port, and a switch moves the traffic.
  bool has_switch() const { return traffic != TrafficKind::none; }
};

struct DeploymentSettings {
  bool parallel_deployment = true;
  bool rollback_on_failure = true;
  bool rollback_is_default = false;  ///< of ManifestDefaults
  RollbackStrategy rollback_strategy = RollbackStrategy::immediate;
  bool health_checks_enabled = true;
  RunTests run_tests = RunTests::full;
  bool run_migrations = true;
  bool monitoring_enabled = true;           ///< false: no watch window
  std::optional<std::uint32_t> confirm_ms;  ///< nothing: the planner chooses by the strategies
  std::optional<std::uint32_t> prepare_ms;  ///< nothing: at least the longest timeout_seconds
  std::uint32_t watch_ms = limits::watch_ms_default;
  std::uint32_t keep_old_ms = limits::keep_old_ms_default;
  std::uint32_t keep_releases = 3;
  std::uint32_t max_parallel = 0;  ///< components (rolling: batches) at a time; 0: as the dependencies allow
  OnRestart on_restart = OnRestart::continue_;
  Unreachable unreachable = Unreachable::fail;
  std::uint32_t defer_max = 0;
  bool operator==(const DeploymentSettings&) const = default;
};

struct Manifest {
  std::string file_name;  ///< for messages
  std::string name;
  std::string environment;  ///< may be empty: then the caller must say
  std::string version;      ///< free text
  std::vector<Component> components;
  DeploymentSettings settings;
  ManifestDefaults defaults;  ///< it was read with
  bool require_mfa = false;   ///< the configuration that it is deployed with asks for it
  bool operator==(const Manifest&) const = default;

  /// Nothing if there is none of that name.
  const Component* find_component(std::string_view component) const;
};

}  // namespace switchyard::model
