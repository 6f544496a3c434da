#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/error.hpp"
#include "protocol/plan.hpp"

/// Everything that crosses the bus, as plain values. C = coordinator, A = agent. Any message may arrive any number of
/// times, in any order, or never. A request is sent again until its answer arrives.
///
/// Version history (see version.hpp for how a version is agreed on):
///   1  all messages below
///      added since, read as its default from who does not know it: StepEvent.undo, Hello.forgotten_plan_seq,
///      DeploymentReport.forgotten, DeploymentReport.why, Abort.plan_seq, Query.plan_seq, Welcome.keys
///      added since, dropped by who does not know it: NextKeys, RunChecks, ChecksRun
///      added since, refused with the plan by who does not know it: the probes from CustomProbe on
namespace switchyard::protocol {

/// The agent's view of one deployment (protocol states of an agent, in the order in which they are passed).
enum class AgentState : std::uint8_t {
  idle = 0,      ///< knows nothing of it
  accepted = 1,  ///< the plan is verified and durable
  staging = 2,
  staged = 3,    ///< nothing visible changed
  swapping = 4,  ///< armed: some effect of the swap may exist
  swapped = 5,   ///< one stage or more is live, provisionally; may revert by itself
  held = 6,      ///< has given up the right to revert by itself
  committed = 7,
  reverting = 8,
  reverted = 9,  ///< runs exactly what it ran before
  stuck = 10,    ///< a revert failed: a person is needed
  safe = 11,     ///< the journal is corrupt: no steps, services keep running
};
std::string_view agent_state_name(AgentState state);

/// One component's progress as its agent reports it.
struct ComponentReport {
  std::string component;
  bool staged = false;
  std::uint32_t stage = 0;      ///< stages swapped so far; 0: not swapped (or reverted)
  std::string serving_release;  ///< read back: the release behind the stable port; empty: none or unknown
  std::string serving_slot;
  bool operator==(const ComponentReport&) const = default;
};

struct DeploymentReport {
  DeploymentId deployment;
  AgentState state = AgentState::idle;
  std::vector<ComponentReport> components;
  std::int64_t remaining_ms = 0;  ///< of the dead-man's budget; 0 when not armed
  /// Of `idle`: it may have been committed here so long ago that it was forgotten. A peer that does not know the field
  /// leaves it out, and reads what it always read: nothing is known of it.
  bool forgotten = false;
  std::string why = {};  ///< of reverting and reverted: what the agent saw; empty: it is of an older version
  bool operator==(const DeploymentReport&) const = default;
};

// --- session ---------------------------------------------------------------------------------------------------------
struct Hello {  // A->C, first on every connection
  std::uint16_t protocol_min = 1, protocol_max = 1;
  std::vector<std::string> features;
  std::string agent_version;
  std::string boot_id;
  std::uint64_t max_epoch = 0;
  std::string audit_head;
  std::vector<DeploymentReport> open;
  /// Of deployments that are not in `open`, and whose plans are numbered up to this: they may have been committed here,
  /// and forgotten. 0: nothing was forgotten (or the agent does not know the field, and forgets all the same).
  std::uint64_t forgotten_plan_seq = 0;
  bool operator==(const Hello&) const = default;
};
struct Welcome {  // C->A
  std::uint16_t protocol = 1;
  std::vector<std::string> features;
  HostId host;  ///< who the coordinator takes the agent for, by its key
  std::string audit_head;
  std::string keys = {};  ///< keys_digest() of the coordinator's keys in force; empty: it is of an older version
  bool operator==(const Welcome&) const = default;
};
struct Refuse {  // C->A; code: version | revoked | recovery | duplicate | enrolment
  std::string code, text;
  bool operator==(const Refuse&) const = default;
};
struct Ping {
  std::int64_t sent_ms = 0;
  std::string audit_head;
  bool operator==(const Ping&) const = default;
};
struct Pong {
  std::int64_t sent_ms = 0;
  std::string audit_head;
  bool operator==(const Pong&) const = default;
};

// --- enrolment (on a connection whose CURVE key was derived from the token) ------------------------------------------
struct Enrol {             // A->C
  std::string name;        ///< wanted host name
  std::string public_key;  ///< the agent's own CURVE key, 40 characters of Z85
  std::string agent_version;
  bool operator==(const Enrol&) const = default;
};
struct Enrolled {  // C->A
  HostId host;
  std::string plan_public_key;  ///< 32 raw bytes, pinned by the agent
  bool operator==(const Enrolled&) const = default;
};

// --- the coordinator's own keys (coordinator_keys.hpp)
// ---------------------------------------------------------------
/// "These will be my keys": kept by the agent beside those that it has pinned.
struct NextKeys {                 // C->A -> KeysNoted
  std::string server_public_key;  ///< CURVE, 40 characters of Z85
  std::string plan_public_key;    ///< 32 raw bytes
  std::string signature;          ///< 64 raw bytes, by the plan key in force
  bool operator==(const NextKeys&) const = default;
};
/// They are durable on the host.
struct KeysNoted {
  std::string digest;  ///< keys_digest() of those that were announced
  bool operator==(const KeysNoted&) const = default;
};

// --- deployments -----------------------------------------------------------------------------------------------------
struct Plan {
  SignedPlan plan;
  bool operator==(const Plan&) const = default;
};  // C->A, answer PlanAck | Failed
struct PlanAck {
  DeploymentId deployment;
  std::string plan_hash;
  bool operator==(const PlanAck&) const = default;
};
/// Components are prepared one by one as the coordinator says, so that a dependency is ready first.
struct Prepare {
  DeploymentId deployment;
  std::string component;
  bool operator==(const Prepare&) const = default;
};  // -> Staged | Failed
struct Staged {
  DeploymentId deployment;
  std::string component;
  std::uint64_t free_bytes = 0;
  bool operator==(const Staged&) const = default;
};
struct Swap {  // -> Swapped | Failed
  DeploymentId deployment;
  std::string component;
  std::uint32_t stage = 1;  ///< 1 .. stages; monotone
  bool operator==(const Swap&) const = default;
};
struct Swapped {
  DeploymentId deployment;
  std::string component;
  std::uint32_t stage = 1;
  std::int64_t remaining_ms = 0;
  bool operator==(const Swapped&) const = default;
};
struct Hold {
  DeploymentId deployment;
  bool operator==(const Hold&) const = default;
};  // -> Held | Failed | Reverted
struct Held {
  DeploymentId deployment;
  bool operator==(const Held&) const = default;
};
struct Commit {
  DeploymentId deployment;
  bool operator==(const Commit&) const = default;
};  // -> Committed
struct Committed {
  DeploymentId deployment;
  bool operator==(const Committed&) const = default;
};
/// The decision against the deployment. `component` names the one to revert now; empty: no component yet (stop what you
/// do, keep what is swapped until it is named). `all`: revert everything that is left, in reverse order.
struct Abort {  // -> Reverted | Stuck | Report (forgotten)
  DeploymentId deployment;
  std::string component;
  bool all = false;
  std::string reason;
  std::uint64_t plan_seq = 0;  ///< of its plan, so that an agent knows whether it may have forgotten it; 0: not known
  bool operator==(const Abort&) const = default;
};
/// `component`: this one is as before. `complete`: all of the host's are, and what PREPARE left behind is undone.
struct Reverted {
  DeploymentId deployment;
  std::string component;
  bool complete = false;
  std::string why;
  bool operator==(const Reverted&) const = default;
};
struct Stuck {
  DeploymentId deployment;
  StepId step;
  std::string code, detail;
  bool operator==(const Stuck&) const = default;
};
/// A step of PREPARE, SWAP or HOLD failed (or the plan was refused); the agent waits for ABORT, and its dead-man runs
/// on.
struct Failed {
  DeploymentId deployment;
  StepId step;
  std::string component, code, detail;
  bool operator==(const Failed&) const = default;
};
struct Extend {
  DeploymentId deployment;
  bool operator==(const Extend&) const = default;
};  // -> Extended | Reverted
struct Extended {
  DeploymentId deployment;
  std::int64_t remaining_ms = 0;
  bool operator==(const Extended&) const = default;
};
/// Progress, for people and for the record; sent again until acknowledged.
struct StepEvent {  // A->C -> StepEventAck
  DeploymentId deployment;
  StepId step;
  std::string component;
  StepResult result;
  bool undo = false;  ///< the step's undo was run, not the step. A peer that does not know the field leaves it out
  bool operator==(const StepEvent&) const = default;
};
struct StepEventAck {
  DeploymentId deployment;
  StepId step;
  StepState state = StepState::started;
  bool undo = false;
  bool operator==(const StepEventAck&) const = default;
};
/// What a watch says of a component that is live and not yet committed changed. Healthy with a detail: the last look
/// was not good, which is forgiven for now, but is no ground to commit on.
struct Health {
  DeploymentId deployment;
  std::string component;
  bool healthy = true;
  std::string detail;
  bool operator==(const Health&) const = default;
};
/// "What do you know of this deployment?" -> Report. Answers HELLO's question for one deployment, at any time.
struct Query {
  DeploymentId deployment;
  std::uint64_t plan_seq = 0;  ///< as of Abort
  bool operator==(const Query&) const = default;
};
struct Report {
  DeploymentReport report;
  bool operator==(const Report&) const = default;
};

// --- inventory
// ---------------------------------------------------------------------------------------------------------
struct ReleaseFact {
  ReleaseId release;
  bool complete = false;
  bool operator==(const ReleaseFact&) const = default;
};
struct ComponentFact {
  std::string component;
  OldState serving;        ///< read back from the switch and systemd
  std::string unit_state;  ///< active, inactive, failed
  std::vector<ReleaseFact> releases;
  std::string
      problem;  ///< not empty: why `serving` could not be read (it then means nothing): no plan may be made on it
  /// Of the unit of a release that serves: whether it starts at boot (`enabled`), and the digest of the configuration
  /// that its unit file names (empty: it names none). Nothing: an agent of an older version does not say.
  std::optional<std::string> enablement = {};
  std::optional<std::string> configuration = {};
  bool operator==(const ComponentFact&) const = default;
};
/// Asks for the components named; ports help to find an unmanaged process on a stable port.
struct InventoryQuestion {
  std::string component;
  std::uint16_t stable_port = 0;
  std::string legacy_unit;
  SwitchTraffic traffic;
  std::string
      unit;  ///< the template of the slots' units, if the manifest names one: api@.service; empty: <component>@.service
  bool operator==(const InventoryQuestion&) const = default;
};
struct Inventory {
  std::string request;
  std::vector<InventoryQuestion> questions;
  bool operator==(const Inventory&) const = default;
};  // C->A
struct InventoryReply {
  std::string request;
  std::vector<ComponentFact> components;
  std::uint64_t free_bytes = 0;
  bool operator==(const InventoryReply&) const = default;
};

// --- checks (check_order.hpp)
// ----------------------------------------------------------------------------------------
/// "Run these checks now." Signed by the plan key: who has stolen the bus's key alone can have no command run.
struct RunChecks {        // C->A -> ChecksRun
  std::string order;      ///< encoded CheckOrder
  std::string signature;  ///< 64 raw bytes
  bool operator==(const RunChecks&) const = default;
};
enum class CheckState : std::uint8_t { passed = 0, failed = 1, unknown = 2 };
struct CheckResult {
  std::string check;
  CheckState state = CheckState::unknown;
  std::uint32_t duration_ms = 0;
  std::string detail;                          ///< what was seen
  std::map<std::string, std::string> details;  ///< what an external program told beside it
  std::uint32_t tries = 1;                     ///< it took; the last one is told of
  bool operator==(const CheckResult&) const = default;
};
struct ChecksRun {
  std::string request;
  std::vector<CheckResult> results;
  std::string refused;  ///< not empty: why none was run
  bool operator==(const ChecksRun&) const = default;
};

// --- files that are kept under a name (save_order.hpp)
// ---------------------------------------------------------------
/// "Keep these files as they are now." Signed by the plan key: who has stolen the bus's key alone has nothing copied.
struct SaveFiles {        // C->A -> FilesSaved
  std::string order;      ///< encoded SaveOrder
  std::string signature;  ///< 64 raw bytes
  bool operator==(const SaveFiles&) const = default;
};
/// What the schema of a database is, as its host reads it. Of one that could not be read only the first and the last.
struct SchemaFact {
  std::string name;            ///< of the SchemaDemand
  std::string server_version;  ///< of PostgreSQL there
  std::string dump_version;    ///< of the pg_dump that has written it down
  std::string sha256;          ///< of the definitions, without what differs each time that they are written down
  std::uint64_t bytes = 0;     ///< of all that was written
  std::string migration;       ///< the newest that is applied; empty: no table names any
  std::string file;            ///< where it is kept on the host; empty: it was only looked at
  std::string why_not;         ///< not empty: why nothing of this is known
  bool operator==(const SchemaFact&) const = default;
};
struct FileSaveResult {
  std::string component;
  bool done = false;
  std::uint32_t present = 0;  ///< files that were there, and are kept
  std::uint32_t absent = 0;   ///< files that were not there, which is kept too
  std::string code;           ///< why it was not done: as of a step
  std::string detail;
  std::vector<SchemaFact> schemas = {};  ///< of the databases that the order named, in its order
  bool operator==(const FileSaveResult&) const = default;
};
struct FilesSaved {
  std::string request;
  std::vector<FileSaveResult> results;
  std::string refused;  ///< not empty: why nothing was done
  bool operator==(const FilesSaved&) const = default;
};

// --- bulk ------------------------------------------------------------------------------------------------------------
/// Pull of one piece of an artifact's archive. The chunk list comes with offset 0 of `kind == manifest`.
struct BlobGet {
  ReleaseId release;
  bool manifest = false;
  std::uint64_t offset = 0;
  std::uint32_t length = 0;
  bool operator==(const BlobGet&) const = default;
};
struct Blob {
  ReleaseId release;
  bool manifest = false;
  std::uint64_t offset = 0;
  std::string bytes;
  bool missing = false;
  bool operator==(const Blob&) const = default;
};

/// The numbers are for ever; a number is never used again.
enum class MessageType : std::uint16_t {
  hello = 1,
  welcome = 2,
  refuse = 3,
  ping = 4,
  pong = 5,
  plan = 10,
  prepare = 11,
  swap = 12,
  hold = 13,
  commit = 14,
  abort = 15,
  extend = 16,
  step_event = 17,
  inventory = 18,
  health = 19,
  blob_get = 20,
  run_checks = 30,
  save_files = 31,
  enrol = 50,
  enrolled = 51,
  next_keys = 52,
  keys_noted = 53,
  plan_ack = 60,
  staged = 61,
  swapped = 62,
  held = 63,
  committed = 64,
  reverted = 65,
  extended = 66,
  step_event_ack = 67,
  inventory_reply = 68,
  failed = 69,
  stuck = 70,
  query = 71,
  report = 72,
  blob = 73,
  checks_run = 80,
  files_saved = 81,
};
std::string_view message_name(MessageType type);

using Message = std::variant<Hello, Welcome, Refuse, Ping, Pong, Enrol, Enrolled, Plan, PlanAck, Prepare, Staged, Swap,
                             Swapped, Hold, Held, Commit, Committed, Abort, Reverted, Stuck, Failed, Extend, Extended,
                             StepEvent, StepEventAck, Health, Query, Report, Inventory, InventoryReply, BlobGet, Blob,
                             NextKeys, KeysNoted, RunChecks, ChecksRun, SaveFiles, FilesSaved>;
MessageType type_of(const Message& message);

/// One frame: the head of protocol.md, and the message.
struct Envelope {
  std::uint8_t protocol = 1;
  std::uint64_t epoch = 0;  ///< of the coordinator that speaks or is spoken to
  std::string session;      ///< 16 raw bytes, drawn by the agent for every connection it dials
  std::uint64_t seq = 0;    ///< of the sender, within the session
  std::uint64_t re = 0;     ///< seq of the request that this answers; 0: none
  Message message;
  bool operator==(const Envelope&) const = default;
};

/// Frame bytes. Throws TransportError when they are more than a frame of its channel may have, and Error when a text in
/// them is none.
std::string encode(const Envelope& envelope);
/// The head of the frame can be read, and this version does not know the type: its sender may be of a newer one.
struct UnknownMessageError : DecodeError {
  using DecodeError::DecodeError;
};
/// Throws DecodeError: what is wrong and at which byte. Never allocates more than a small multiple of the input.
Envelope decode(std::string_view frame);

}  // namespace switchyard::protocol
