#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/ids.hpp"

/// The closed set of things that an agent can be told to do. Steps are typed and convergent ("make it so"): the agent
/// reads the present state, compares, acts only on a difference, and reads back. Plain values.
namespace switchyard::protocol {

// --- probes --------------------------------------------------------------------------------------------------------

struct HttpProbe {
  std::string url;                             ///< http://127.0.0.1:5002/health
  std::vector<std::uint16_t> expected_status;  ///< empty: any 2xx
  std::string expected_body;                   ///< a text that the body contains; empty: any body
  std::map<std::string, std::string> headers;
  bool operator==(const HttpProbe&) const = default;
};
struct TcpProbe {
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const TcpProbe&) const = default;
};
/// Runs argv (never a shell) and expects exit status 0.
struct CommandProbe {
  std::vector<std::string> argv;
  std::string user;  ///< empty: the service's unprivileged default, `nobody`
  bool operator==(const CommandProbe&) const = default;
};
struct FileSystemProbe {
  std::string path;
  bool check_readable = false;
  bool check_writable = false;
  std::uint64_t min_free_space_mb = 0;
  bool operator==(const FileSystemProbe&) const = default;
};
/// The unit is active, and stays the same process for the whole of min_healthy_ms.
struct UnitProbe {
  std::string unit;
  bool operator==(const UnitProbe&) const = default;
};

/// An external program: a JSON object on its standard input, one on its standard output (docs/health.md).
struct CustomProbe {
  std::vector<std::string> argv;
  std::string user;    ///< empty: `nobody`
  std::string config;  ///< a JSON object, handed on as it is
  bool operator==(const CustomProbe&) const = default;
};
/// What a server must show before anything is said to it, in libpq's words (`sslmode`). The numbers are for ever.
enum class TlsMode : std::uint8_t {
  require = 1,     ///< it speaks TLS, whoever it is
  verify_ca = 2,   ///< its certificate is signed by an authority that is trusted
  verify_full = 3  ///< ... and is that of the host that was asked for
};
struct TlsDemand {
  TlsMode mode = TlsMode::verify_full;
  std::string authorities;  ///< a file of certificates (PEM) on the host; empty: those that the host trusts
  bool operator==(const TlsDemand&) const = default;
};
/// PostgreSQL: connects, signs in, and a query is answered without an error.
struct DatabaseProbe {
  std::string host;
  std::uint16_t port = 0;
  std::string user, database, query;
  std::string credential;  ///< the name of a file in the host's credentials directory; empty: no password
  /// Nothing: in clear. Not written then, so that a plan of the version before keeps its bytes.
  std::optional<TlsDemand> tls = {};
  bool operator==(const DatabaseProbe&) const = default;
};
/// Redis: answers PING, and gives back from a list of our own what was put into it.
struct QueueProbe {
  std::string host;
  std::uint16_t port = 0;
  std::string user;        ///< empty: the default user
  std::string credential;  ///< as above
  bool operator==(const QueueProbe&) const = default;
};
/// S3: an object of our own is put, read back and removed.
struct StorageProbe {
  std::string url;  ///< http://host:9000/bucket
  std::string region, access_key, credential;
  bool operator==(const StorageProbe&) const = default;
};
/// The host itself. 0: not asked for.
struct ResourcesProbe {
  std::uint32_t max_cpu_percent = 0;
  std::uint64_t min_free_memory_mb = 0;
  std::uint64_t min_free_space_mb = 0;
  std::string path;  ///< on whose file system the space is
  bool operator==(const ResourcesProbe&) const = default;
};

/// One request of a smoke suite. `@{name}` in url, headers and body is what an earlier request has captured;
/// `@{webhook}` is where this suite listens for calls back.
struct SmokeRequest {
  std::string name;
  std::string method, url;
  std::map<std::string, std::string> headers;
  std::string body;
  std::vector<std::uint16_t> expected_status;  ///< empty: any 2xx
  std::string expected_body;
  std::map<std::string, std::string> capture;  ///< name -> where in the JSON of the answer: order.id
  std::string webhook_body;                    ///< after the answer a call back must come that contains this text
  bool webhook = false;                        ///< ... or any call back
  bool critical = true;
  bool operator==(const SmokeRequest&) const = default;
};
/// Requests in order, over one set of captured values.
struct SmokeProbe {
  std::vector<SmokeRequest> requests;
  /// They ask outside services, one each: it fails when none of them answers. Not written when it is not so.
  std::optional<bool> external = {};
  bool operator==(const SmokeProbe&) const = default;
};

/// One health check. It passes when `successes` consecutive tries over at least `min_healthy_ms` succeeded before
/// `deadline_ms` (Nomad's min_healthy_time and healthy_deadline).
struct ProbeSpec {
  std::string name;
  std::variant<HttpProbe, TcpProbe, CommandProbe, FileSystemProbe, UnitProbe, CustomProbe, DatabaseProbe, QueueProbe,
               StorageProbe, ResourcesProbe, SmokeProbe>
      kind;
  std::uint32_t timeout_ms = 5'000;  ///< of one try
  std::uint32_t interval_ms = 200;   ///< between tries
  std::uint32_t successes = 2;
  std::uint32_t min_healthy_ms = 0;
  std::uint32_t deadline_ms = 60'000;
  bool critical = true;  ///< a check that is not critical warns only
  /// 0 integrity, 1 smoke, 2 end to end. Nothing: 0. Not written then, so that a plan of the version before keeps its
  /// bytes.
  std::optional<std::uint32_t> tier = {};
  /// Of a check that is run because somebody asks (CheckOrder): so many more tries until one is good. A deployment's
  /// checks have their deadline instead, and do not hold this.
  std::optional<std::uint32_t> retry_attempts = {};
  bool operator==(const ProbeSpec&) const = default;
};

// --- actions -------------------------------------------------------------------------------------------------------

/// `chunks` in order make the artifact's archive (tar, zstd); the release id is the digest of this very list.
struct ArtifactRef {
  ReleaseId release;
  std::uint64_t bytes = 0;           ///< of the archive
  std::uint64_t unpacked_bytes = 0;  ///< of all files
  bool operator==(const ArtifactRef&) const = default;
};

/// Fetches, verifies and unpacks a release to <root>/<component>/releases/<release id>; links `shared` paths.
struct EnsureRelease {
  std::string component;
  ArtifactRef artifact;
  std::vector<std::string> shared;  ///< relative paths that are links to <root>/<component>/shared/<path>
  std::string shared_owner;         ///< user who gets the shared directories that do not exist yet; empty: root
  bool operator==(const EnsureRelease&) const = default;
};
struct EnsureFile {
  std::string path;
  std::string content;
  std::uint32_t mode = 0644;
  std::string owner;  ///< empty: root
  bool absent = false;
  bool operator==(const EnsureFile&) const = default;
};
/// The file that a component is configured with, in <root>/<component>/configuration/<digest>/<file>: for root alone,
/// who hands it to the service. What it says is in the box alone.
struct EnsureConfiguration {
  std::string component;
  std::string digest;  ///< keyed: it tells nothing of the content, and another content has another
  std::string file;
  bool encrypted = false;                   ///< on the disk, with the host's credential key
  std::string sealed;                       ///< see configuration_box.hpp
  std::map<std::string, std::string> keys;  ///< keyed digests of the values, by which plans compare them
  bool operator==(const EnsureConfiguration&) const = default;
};
struct EnsureLink {
  std::string path;
  std::string target;
  bool absent = false;
  bool operator==(const EnsureLink&) const = default;
};

enum class UnitState : std::uint8_t { unchanged = 0, started = 1, stopped = 2, restarted = 3 };
enum class UnitEnablement : std::uint8_t { unchanged = 0, enabled = 1, disabled = 2 };
/// Evidence that comes back: MainPID and InvocationID.
struct EnsureUnit {
  std::string unit;  ///< api@blue.service
  UnitState state = UnitState::unchanged;
  UnitEnablement enablement = UnitEnablement::unchanged;
  /// Of a start: the port that it will listen on, which nobody else may hold. Nothing: not known, or not asked (an
  /// undo). Not written then, so that a plan of the version before keeps its bytes, and with them its signature.
  std::optional<std::uint16_t> port = {};
  /// Of a start: what systemd must say of the unit's limits then. Likewise not written where there are none.
  std::optional<std::uint64_t> cpu_quota_us = {};  ///< of processor time in a second
  std::optional<std::uint64_t> memory_max_bytes = {};
  bool operator==(const EnsureUnit&) const = default;
};

enum class SwitchKind : std::uint8_t { none = 0, nftables = 1, haproxy = 2 };
/// One place that traffic can go to. `legacy` (nftables only) is the process that listens on the stable port itself.
struct SwitchTarget {
  std::string slot;  ///< blue, green, main, legacy
  std::uint16_t port = 0;
  std::uint32_t weight = 0;  ///< of 100; new connections only
  std::string server;        ///< haproxy: server name within the backend
  bool operator==(const SwitchTarget&) const = default;
};
/// Makes the weights so. All weights 0 (or no targets): no entry, the stable port belongs to whoever listens on it.
struct SwitchTraffic {
  std::string component;
  SwitchKind kind = SwitchKind::none;
  std::uint16_t stable_port = 0;
  std::string haproxy_socket;  ///< /run/haproxy/admin.sock
  std::string haproxy_backend;
  std::vector<SwitchTarget> targets;
  /// nftables: only clients of this host use the stable port (a proxy in front, as with `traffic: nginx`), so slots may
  /// listen on 127.0.0.1. False: a slot that outside clients cannot reach is refused.
  bool local_only = false;
  bool operator==(const SwitchTraffic&) const = default;
};
/// Pre-flight: would this switch work? Finds a slot bound to the wrong address or family, an input filter that would
/// drop the redirected packet, a stable port that Docker publishes, a haproxy that is not there. Changes nothing.
struct CheckSwitch {
  SwitchTraffic intended;
  bool operator==(const CheckSwitch&) const = default;
};
/// Waits until no connection to the port is left, or the budget is spent (which is reported, and is no failure).
struct Drain {
  std::string component;
  std::uint16_t port = 0;
  std::uint32_t budget_ms = 30'000;
  std::string haproxy_socket, haproxy_backend, haproxy_server;  ///< haproxy: its session count is asked too
  bool operator==(const Drain&) const = default;
};
struct Probe {
  ProbeSpec spec;
  bool operator==(const Probe&) const = default;
};
/// argv in a transient unit named after the step id, so that systemd itself refuses to run it twice.
struct Run {
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment;
  std::string working_directory;
  std::string user;
  std::optional<bool> migration = {};  ///< it migrates a database; who runs it does nothing else for that
  bool operator==(const Run&) const = default;
};
/// When a hook is called. The numbers are for ever.
enum class HookPhase : std::uint8_t {
  pre_validation = 0,
  post_validation = 1,
  pre_prepare = 2,
  post_prepare = 3,
  pre_switch = 4,
  post_switch = 5,
  pre_verify = 6,
  post_verify = 7,
  pre_commit = 8,
  post_commit = 9,
  pre_rollback = 10,
  post_rollback = 11
};
std::string_view hook_phase_name(HookPhase phase);
/// A program of the user's that is told of a moment of the deployment and may object: a JSON object on its standard
/// input, one on its standard output (docs/hooks.md). Run once, as Run is. Without an argv it does nothing: such a step
/// is there for its undo, which is the hook.
struct Hook {
  std::string name;
  HookPhase phase = HookPhase::pre_prepare;
  Run command;
  std::string environment, host, component;  ///< what it is told
  std::string release, previous_release;     ///< empty: none
  std::string slot;
  std::uint16_t port = 0;  ///< of the slot; 0: none
  std::string config;      ///< a JSON object, handed on as it is
  bool critical = true;    ///< false: its failure is told and passed over
  bool operator==(const Hook&) const = default;
};

/// Removes releases of the component beyond the `keep` newest; never one in `protect` and never one that a slot uses.
struct Prune {
  std::string component;
  std::uint32_t keep = 3;
  std::vector<ReleaseId> protect;
  bool operator==(const Prune&) const = default;
};

/// Copies of the component's files on this host, as they are now, which the agent keeps under that name; what was
/// absent is remembered as absent. A snapshot that is there already is whole, and is not made anew: what was changed
/// since is not what was meant.
struct Snapshot {
  std::string component;
  std::string name;                ///< the id of the deployment that makes it
  std::vector<std::string> files;  ///< absolute paths
  std::string needed;              ///< another one of the component, that has to be whole; empty: none
  bool operator==(const Snapshot&) const = default;
};
/// These files are again what that snapshot of the component says: content, mode and owner, or absent. All copies are
/// proven to be whole before the first file is touched; each file is read back.
struct Restore {
  std::string component;
  std::string name;
  std::vector<std::string> files;
  bool operator==(const Restore&) const = default;
};

enum class OldKind : std::uint8_t { absent = 0, release = 1, legacy = 2 };
/// What served before: the target of a revert. `slot` is empty when absent.
struct OldState {
  OldKind kind = OldKind::absent;
  std::string slot;
  ReleaseId release;
  std::string unit;
  bool operator==(const OldState&) const = default;
};
/// Compares what serves now with what the plan was made against, and verifies the old release's bytes. A difference is
/// a failure before anything changed.
/// An empty unit means that nothing of it runs: then only the switch and the bytes are compared.
struct VerifyOld {
  std::string component;
  OldState expected;
  SwitchTraffic traffic;  ///< how the switch is asked which slot serves; kind none: there is none to ask
  bool operator==(const VerifyOld&) const = default;
};

using Action = std::variant<EnsureRelease, EnsureFile, EnsureLink, EnsureUnit, SwitchTraffic, CheckSwitch, Drain, Probe,
                            Run, Prune, VerifyOld, EnsureConfiguration, Hook, Snapshot, Restore>;
/// `ensure_release`, `switch_traffic` ...: the name of the action's kind, by its index.
std::string_view action_name(const Action& action);
/// It does not converge: what may have run is not run again by itself (Run and Hook).
bool runs_once(const Action& action);
/// Of all undos of a phase these come first, wherever their steps stand: hooks before the rollback.
bool is_undone_first(const Action& undo);

/// prepare: before anything is visible. swap: the provisional change. commit: after the decision. retire: when keep_old
/// is over.
enum class Phase : std::uint8_t { prepare = 0, swap = 1, commit = 2, retire = 3 };
std::string_view phase_name(Phase phase);

/// What the agent does about a step whose outcome a crash left unknown. Typed steps converge again; only Run and Hook
/// need it.
enum class OnUnknown : std::uint8_t { fail = 0, probe = 1, retry = 2 };

struct Step {
  StepId id;
  Phase phase = Phase::prepare;
  std::uint32_t stage = 0;  ///< swap steps: the stage they belong to
  std::string title;        ///< for people: "start api@green.service"
  Action action;
  std::optional<Action> undo;
  std::uint32_t timeout_ms = 300'000;
  std::uint32_t attempts = 1;  ///< typed steps may try again within one attempt of the plan
  OnUnknown on_unknown = OnUnknown::fail;
  bool operator==(const Step&) const = default;
};

/// done: the state was read back and is as asked. unknown is reported, never guessed.
enum class StepState : std::uint8_t { started = 0, done = 1, failed = 2, unknown = 3, skipped = 4 };
std::string_view step_state_name(StepState state);

/// An expected outcome, never an exception.
struct StepResult {
  StepState state = StepState::unknown;
  std::int32_t exit_status = 0;
  std::uint32_t duration_ms = 0;
  bool changed = false;  ///< false: it was so already
  std::string code;      ///< failed: a short stable word: timeout, wrong_bind_address, checksum, disk_full ...
  std::string detail;    ///< what was read back, or why it failed and what to do; at most excerpt_bytes_max
  std::map<std::string, std::string> evidence;  ///< main_pid, invocation_id, connections_left ...
  bool operator==(const StepResult&) const = default;
};

}  // namespace switchyard::protocol
