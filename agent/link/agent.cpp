#include "agent/link/agent.hpp"

#include <systemd/sd-daemon.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "agent/core/hello.hpp"
#include "agent/journal/journal_file.hpp"
#include "agent/link/blob_client.hpp"
#include "agent/link/check_rounds.hpp"
#include "agent/link/coordinator_session.hpp"
#include "agent/link/core_shell.hpp"
#include "agent/link/enroll.hpp"
#include "agent/link/file_saves.hpp"
#include "agent/link/health_watch.hpp"
#include "agent/link/host_boot.hpp"
#include "agent/link/host_tools.hpp"
#include "agent/link/known_secrets.hpp"
#include "agent/link/link_note.hpp"
#include "agent/link/provisional.hpp"
#include "agent/link/step_runner.hpp"
#include "agent/link/trusted_keys.hpp"
#include "agent/link/witness.hpp"
#include "agent/system/switch_watch.hpp"
#include "common/clock.hpp"
#include "common/error.hpp"
#include "common/event_loop.hpp"
#include "common/file_system.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "common/worker_pool.hpp"

namespace switchyard::agent {
namespace {

constexpr const char* dead_man_unit = "switchyard-deadman.service";

}  // namespace

/// In the order of construction; destroyed in reverse, so that workers end before what they use. Steps and watches are
/// given the pool before it is built: they use it only once the loop runs.
struct Agent::Parts {
  Parts(const AgentConfig& agent_config, const AgentIdentity& agent_identity, SecretMask& mask)
      : config(agent_config),
        identity(agent_identity),
        built_with(agent_identity),
        blobs(clock, [this](protocol::BlobGet question) { loop.post([this, question] { session.send(question); }); }),
        tools(config.paths, clock, blobs, mask),
        witness(tools.files, config.paths.state),
        switch_watch(tools.nftables, tools.haproxy),
        journal(config.paths.state),
        steps(loop, pool, tools.executors, clock, [this](const StepFinished& finished) { shell.handle(finished); }),
        watch(loop, pool, tools.prober, [this](const HealthChanged& changed) { shell.handle(changed); }),
        shell({identity.host, identity.plan_public_key, identity.next_keys ? identity.next_keys->plan_public_key : ""},
              Role::agent, journal, loop, clock, steps, hands()),
        checks(
            loop, clock, identity.host,
            {[this] { return trusted_plan_keys(); }, [this](protocol::ChecksRun run) { session.send(std::move(run)); },
             [this](const protocol::ProbeSpec& spec, const std::stop_token& stop) {
               return tools.prober.try_once(spec, stop);
             }}),
        saves(loop, pool, clock, identity.host,
              {[this] { return trusted_plan_keys(); },
               [this](protocol::FilesSaved saved) { session.send(std::move(saved)); },
               [this](const protocol::FileSave& wanted, std::int64_t left_ms) {
                 return tools.file_keeper.keep(wanted, left_ms);
               }}),
        session({identity.endpoints, trusted_server_keys(identity), keys}, loop, clock, callbacks()),
        pool(limits::agent_workers, limits::steps_per_slice_max) {}

  CoreShell::Hands hands() {
    CoreShell::Hands hands;
    // A new process each time: one that is just about to leave would not look again.
    hands.arm_dead_man = [this] {
      const std::string result = tools.services.restart(dead_man_unit, limits::dead_man_start_ms_max);
      if (result != "done") throw TransportError(std::string(dead_man_unit) + ": " + result);
    };
    hands.send = [this](protocol::Message message) { session.send(std::move(message)); };
    hands.redial = [this] { session.redial(); };
    hands.start_watch = [this](const StartWatch& start) { watch.start(start); };
    hands.stop_watch = [this](const StopWatch& stop) { watch.stop(stop); };
    return hands;
  }

  CoordinatorSession::Callbacks callbacks() {
    CoordinatorSession::Callbacks callbacks;
    callbacks.hello = [this] {
      return make_hello({SWITCHYARD_VERSION, boot_id, witness.head()}, shell.core(), clock.boot_ms());
    };
    callbacks.welcomed = [this](std::uint64_t epoch, const protocol::Welcome& welcome, std::uint64_t connection) {
      if (const auto trusting = with_in_force(identity, welcome.keys)) {
        if (trust(*trusting)) log::info("the coordinator's new keys are in force, the old ones are none any more");
      }
      shell.handle(MessageArrived{epoch, welcome});
      shell.handle(SessionBegan{connection});
    };
    callbacks.message = [this](std::uint64_t epoch, protocol::Message message) {
      on_message(epoch, std::move(message));
    };
    callbacks.witness = [this](const std::string& audit_head) {
      witness.told(audit_head);
      return witness.head();
    };
    callbacks.ended = [this] { shell.handle(SessionEnded{}); };
    callbacks.every_ping = [this] { housekeeping(); };
    callbacks.link_changed = [this](LinkState state, const std::string& text) { note_link(state, text); };
    return callbacks;
  }

  void on_message(std::uint64_t epoch, protocol::Message message) {
    if (auto* blob = std::get_if<protocol::Blob>(&message)) return blobs.deliver(std::move(*blob));
    if (const auto* question = std::get_if<protocol::Inventory>(&message)) return answer(*question);
    if (const auto* next = std::get_if<protocol::NextKeys>(&message)) return note(*next);
    if (const auto* run = std::get_if<protocol::RunChecks>(&message)) return checks.ordered(*run);
    if (const auto* save = std::get_if<protocol::SaveFiles>(&message)) {
      if (epoch < shell.core().max_epoch()) return;  // of a coordinator that was replaced: it has no effect at all
      return saves.ordered(*save);
    }
    shell.handle(MessageArrived{epoch, std::move(message)});
  }

  std::vector<std::string> trusted_plan_keys() const {
    std::vector<std::string> trusted = {identity.plan_public_key};
    if (identity.next_keys) trusted.push_back(identity.next_keys->plan_public_key);
    return trusted;
  }

  /// The coordinator hears that its next keys are known here only when they are durable, and when what runs here would
  /// dial with them: until it could begin anew, for a step may be under way, it would find nobody. It is told again in
  /// the session that begins then.
  void note(const protocol::NextKeys& next) {
    const auto trusting = with_announced(identity, next);
    if (!trusting) return log::error("keys were announced by somebody who has not this host's plan key; ignored");
    if (trusting->next_keys != identity.next_keys) {
      if (!trust(*trusting)) return;
      log::info("the coordinator's next keys are known", {{"keys", protocol::keys_name(*trusting->next_keys)}});
    }
    if (dials_with(built_with, *trusting->next_keys)) {
      session.send(protocol::KeysNoted{protocol::keys_digest(*trusting->next_keys)});
    }
  }

  /// False when it could not be made durable. What runs here was built with the keys of before: it begins anew when no
  /// deployment is under way.
  bool trust(const AgentIdentity& trusting) {
    try {
      save_identity(tools.files, config.paths.state, trusting);
    } catch (const SysError& error) {
      log::error("the coordinator's keys could not be written down", {{"why", error.what()}});
      return false;
    }
    identity = trusting;
    begin_anew = true;
    loop.post([this] { restart_if_wished(); });
    return true;
  }

  Provisional provisional_now() const { return provisional_components(shell.core(), clock.boot_ms()); }

  /// Reading the host takes a while, so a worker does it. A full queue gives no answer: the coordinator asks again.
  void answer(const protocol::Inventory& question) {
    // What is provisional before or after the reading may have been so while it was read.
    const bool queued = pool.submit([this, question, before = provisional_now()] {
      protocol::InventoryReply reply = tools.inventory.answer(question);
      mark_provisional(before, reply);
      loop.post([this, reply = std::move(reply)]() mutable {
        mark_provisional(provisional_now(), reply);
        session.send(std::move(reply));
      });
    });
    if (!queued) log::warning("inventory was not answered: too many steps are waiting");
  }

  /// For `systemctl status` and for `switchyard-agent status`.
  void note_link(LinkState state, const std::string& text) {
    link = state;
    if (state == LinkState::connected) keep_key(config.paths.state);
    mind_key();
    sd_notify(0, ("STATUS=" + (text.empty() ? "connected to the coordinator" : text)).c_str());
    try {
      write_link_note(tools.files, config.paths.run, {state, clock.wall_ms(), text});
    } catch (const SysError& error) {
      log::warning("how this host stands with the coordinator was not written down", {{"why", error.what()}});
    }
  }

  /// `enroll --new-key` has put a new key in the place of ours, or was cut short: then the coordinator knows one of
  /// two, and this host has both. The supervisor starts this process again, with the other.
  void mind_key() {
    try {
      const bool replaced = protocol::load_curve_keys(config.paths.state / "agent.key").public_key != keys.public_key;
      if (!replaced && (link != LinkState::refused || !change_key(config.paths.state))) return;
      log::info("beginning anew with this host's other key");
      loop.stop();
    } catch (const Error& error) {
      log::warning("this host's key could not be looked at", {{"why", error.what()}});
    }
  }

  void housekeeping() {
    sd_notify(0, "WATCHDOG=1");
    shell.compact_if_large();
    mind_key();
    restart_if_wished();
  }

  /// A package upgrade asks for a restart at a moment when no deployment is under way; so do new keys.
  void restart_if_wished() {
    const std::filesystem::path wish = config.paths.run / "restart-when-idle";
    const bool upgraded = tools.files.read(wish).has_value();
    if (!restart_is_safe(shell.core()) || !(upgraded || begin_anew)) return;
    tools.files.remove(wish);
    log::info(upgraded ? "restarting for an upgrade" : "restarting for the coordinator's new keys");
    loop.stop();
  }

  AgentConfig config;
  AgentIdentity identity;          ///< as it is durable
  const AgentIdentity built_with;  ///< as it was when the session and the core were built, which know no other
  const protocol::CurveKeyPair keys = protocol::load_curve_keys(config.paths.state / "agent.key");
  LinkState link = LinkState::lost;
  bool begin_anew = false;  ///< other keys of the coordinator are trusted than what runs was built with
  std::string boot_id = read_boot_id();
  SystemClock clock;
  EventLoop loop;
  BlobClient blobs;
  HostTools tools;
  Witness witness;
  SwitchWatch switch_watch;
  JournalFile journal;
  StepRunner steps;
  HealthWatch watch;
  CoreShell shell;
  CheckRounds checks;
  FileSaves saves;
  CoordinatorSession session;
  WorkerPool pool;  ///< last: it waits for the running jobs, which use everything above
};

Agent::Agent(const AgentConfig& config, const AgentIdentity& identity, SecretMask& mask)
    : parts_(std::make_unique<Parts>(config, identity, mask)) {
  learn_secrets(parts_->journal.records(), config.paths.state / "agent.key", mask);
}
Agent::~Agent() = default;

void Agent::run() {
  Parts& parts = *parts_;
  parts.loop.on_end_signal([&parts] { parts.loop.stop(); });
  parts.shell.handle(Began{parts.boot_id});
  sd_notify(0, "READY=1");
  log::info("agent began", {{"host", parts.identity.host.str()}, {"version", SWITCHYARD_VERSION}});
  parts.loop.run();
  sd_notify(0, "STOPPING=1");
  parts.steps.stop();
  remove_link_note(parts.tools.files, parts.config.paths.run);
  log::info("agent ended");
}

}  // namespace switchyard::agent
