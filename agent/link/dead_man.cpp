#include "agent/link/dead_man.hpp"

#include <memory>

#include "agent/journal/journal_file.hpp"
#include "agent/link/core_shell.hpp"
#include "agent/link/host_boot.hpp"
#include "agent/link/host_tools.hpp"
#include "agent/link/known_secrets.hpp"
#include "common/error.hpp"
#include "common/event_loop.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "common/worker_pool.hpp"

namespace switchyard::agent {
namespace {

/// A revert needs no bytes from the coordinator: what it goes back to was proven present at PREPARE.
class NoBlobs final : public BlobSource {
 public:
  std::string fetch(const ReleaseId& release, bool, std::uint64_t, std::uint32_t, std::int64_t,
                    const std::stop_token&) override {
    throw TransportError("release " + release.str() + " cannot be fetched by the dead-man");
  }
  void begin(const ReleaseId&, std::uint64_t, std::uint32_t) override {}
  void give_up(const ReleaseId&, std::uint64_t) override {}
};

}  // namespace

void be_dead_man(const std::filesystem::path& state, const AgentIdentity& identity, const DeadManHost& host,
                 const std::optional<Resolved>& resolve) {
  EventLoop loop;
  JournalFile journal(state);
  if (host.journal_read) host.journal_read(journal.records());
  auto pool = std::make_unique<WorkerPool>(1, limits::steps_per_slice_max);
  CoreShell* shell = nullptr;
  StepRunner steps(loop, *pool, host.executors, host.clock,
                   [&](const StepFinished& finished) { shell->handle(finished); });
  CoreShell::Hands hands;
  hands.arm_dead_man = [] {};
  hands.after_event = [&] {
    // Posted: the event that is being carried out may still set timers.
    loop.post([&] {
      if (shell->core().idle() && steps.running() == 0) loop.stop();
    });
  };
  CoreShell core_shell({identity.host, identity.plan_public_key}, host.role, journal, loop, host.clock, steps,
                       std::move(hands));
  shell = &core_shell;
  loop.on_end_signal([&] { loop.stop(); });
  // Its timers carry the deadline; the grace comes on top by beginning late.
  const EventLoop::Timer begin = loop.after(resolve ? 0 : host.grace_ms, [&] {
    shell->handle(Began{host.boot_id});
    if (resolve) shell->handle(*resolve);
  });
  // A worker uses all of the above: it ends first, however this function is left.
  struct WorkersEnd {
    StepRunner& steps;
    std::unique_ptr<WorkerPool>& pool;
    ~WorkersEnd() {
      steps.stop();
      pool.reset();
    }
  } const workers_end{steps, pool};
  loop.run();
}

void run_dead_man(const AgentConfig& config, const AgentIdentity& identity, Role role,
                  const std::optional<Resolved>& resolve, SecretMask& mask) {
  SystemClock clock;
  NoBlobs blobs;
  HostTools tools(config.paths, clock, blobs, mask);
  const auto learn = [&](const std::vector<JournalRecord>& journal) {
    learn_secrets(journal, config.paths.state / "agent.key", mask);
  };
  be_dead_man(config.paths.state, identity,
              {tools.executors, clock, read_boot_id(), limits::dead_man_grace_ms, role, learn}, resolve);
}

}  // namespace switchyard::agent
