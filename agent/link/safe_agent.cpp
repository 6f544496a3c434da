#include "agent/link/safe_agent.hpp"

#include <systemd/sd-daemon.h>

#include <optional>
#include <utility>
#include <variant>

#include "agent/core/hello.hpp"
#include "agent/link/coordinator_session.hpp"
#include "agent/link/host_boot.hpp"
#include "agent/link/trusted_keys.hpp"
#include "common/clock.hpp"
#include "common/error.hpp"
#include "common/event_loop.hpp"
#include "common/log.hpp"

namespace switchyard::agent {
namespace {

/// The deployment that a message is about; nothing when it is about none.
std::optional<DeploymentId> subject_of(const protocol::Message& message) {
  if (const auto* plan = std::get_if<protocol::Plan>(&message)) {
    return protocol::decode_header(plan->plan.header).deployment;
  }
  return std::visit(
      [](const auto& body) -> std::optional<DeploymentId> {
        if constexpr (requires { body.deployment; }) return body.deployment;
        return std::nullopt;
      },
      message);
}

}  // namespace

struct SafeAgent::Parts {
  Parts(const AgentConfig& config, const AgentIdentity& identity, std::string reason)
      : why(std::move(reason)),
        session({identity.endpoints, trusted_server_keys(identity),
                 protocol::load_curve_keys(config.paths.state / "agent.key")},
                loop, clock, callbacks()) {}

  CoordinatorSession::Callbacks callbacks() {
    CoordinatorSession::Callbacks callbacks;
    callbacks.hello = [] { return make_hello({SWITCHYARD_VERSION, read_boot_id(), {}}); };
    callbacks.welcomed = [](std::uint64_t, const protocol::Welcome&, std::uint64_t) {};
    callbacks.message = [this](std::uint64_t, const protocol::Message& message) { answer(message); };
    callbacks.ended = [] {};
    callbacks.every_ping = [] { sd_notify(0, "WATCHDOG=1"); };
    return callbacks;
  }

  void answer(const protocol::Message& message) {
    try {
      const std::optional<DeploymentId> deployment = subject_of(message);
      if (!deployment) return;
      protocol::Report report;
      report.report.deployment = *deployment;
      report.report.state = protocol::AgentState::safe;
      session.send(report);
    } catch (const DecodeError& error) {
      log::warning("plan could not be read", {{"why", error.what()}});
    }
  }

  std::string why;
  SystemClock clock;
  EventLoop loop;
  CoordinatorSession session;
};

SafeAgent::SafeAgent(const AgentConfig& config, const AgentIdentity& identity, std::string why)
    : parts_(std::make_unique<Parts>(config, identity, std::move(why))) {}
SafeAgent::~SafeAgent() = default;

void SafeAgent::run() {
  Parts& parts = *parts_;
  parts.loop.on_end_signal([&parts] { parts.loop.stop(); });
  log::error(
      "journal is damaged: running in SAFE mode, no steps are taken and services keep running. Look at what serves, "
      "move "
      "the journal aside, and restart switchyard-agent",
      {{"why", parts.why}});
  sd_notify(0, "READY=1\nSTATUS=SAFE mode: the journal is damaged");
  parts.loop.run();
  sd_notify(0, "STOPPING=1");
}

}  // namespace switchyard::agent
