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

/// One health check. It passes when `successes` consecutive tries over at least `min_healthy_ms` succeeded before
/// `deadline_ms` (Nomad's min_healthy_time and healthy_deadline).
struct ProbeSpec {
  std::string name;
  std::variant<HttpProbe, TcpProbe, CommandProbe, FileSystemProbe, UnitProbe> kind;
  std::uint32_t timeout_ms = 5'000;  ///< of one try
  std::uint32_t interval_ms = 200;   ///< between tries
  std::uint32_t successes = 2;
  std::uint32_t min_healthy_ms = 0;
  std::uint32_t deadline_ms = 60'000;
  bool critical = true;  ///< a check that is not critical warns only
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
  bool operator==(const Run&) const = default;
};
/// Removes releases of the component beyond the `keep` newest; never one in `protect` and never one that a slot uses.
struct Prune {
  std::string component;
  std::uint32_t keep = 3;
  std::vector<ReleaseId> protect;
  bool operator==(const Prune&) const = default;
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
                            Run, Prune, VerifyOld>;
/// `ensure_release`, `switch_traffic` ...: the name of the action's kind, by its index.
std::string_view action_name(const Action& action);

/// prepare: before anything is visible. swap: the provisional change. commit: after the decision. retire: when keep_old
/// is over.
enum class Phase : std::uint8_t { prepare = 0, swap = 1, commit = 2, retire = 3 };
std::string_view phase_name(Phase phase);

/// What the agent does about a step whose outcome a crash left unknown. Typed steps converge again; only Run needs it.
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
