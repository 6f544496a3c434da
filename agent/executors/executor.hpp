#pragma once

#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "protocol/step.hpp"

namespace switchyard::agent {

/// Where things are on this host. All of it can be moved with one --root prefix, for tests and demos.
struct HostPaths {
  std::filesystem::path state = "/var/lib/switchyard/agent";  ///< journal, keys, results of run steps
  std::filesystem::path components = "/srv";                  ///< <components>/<component>/{releases,shared,current}
  std::filesystem::path units = "/etc/systemd/system";        ///< generated units
  std::filesystem::path switch_state =
      "/etc/switchyard-switch";  ///< what the switch unit loads at boot, without the agent
  std::filesystem::path run = "/run/switchyard";
  /// Passwords and keys that health checks sign in with, one file each; put there by whoever runs the host.
  std::filesystem::path credentials = "/etc/switchyard/credentials";
  /// Copies of files that are saved before they may change, below <component>/; empty: `snapshots` in `state`.
  std::filesystem::path backups = {};
  /// What ensure_file and ensure_link may touch, from the host's own root-owned agent.yaml. Components and units are
  /// always in it (units: only names that the plan's components own).
  std::vector<std::filesystem::path> allowed_roots;
};

/// What a step may use while it runs, on a worker thread.
struct StepContext {
  DeploymentId deployment = {};
  StepId step;
  bool undo = false;
  bool recovered = false;  ///< the step may have run before (the agent was restarted)
  std::int64_t deadline_boot_ms = 0;
  std::stop_token stop;  ///< asked for when the result is no longer wanted
};

/// Does one kind of step: reads, compares, acts, reads back. Straight-line blocking code on a worker thread; several
/// may run at once for different components. An expected failure is a StepResult; an exception becomes a failed result.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual protocol::StepResult run(const protocol::Action& action, const StepContext& context) = 0;
};

/// Where ensure_release gets bytes from. Real: the bulk socket. `manifest`: the artifact's chunk list.
/// Blocks until the piece is there; throws TransportError when it cannot be had before the deadline.
class BlobSource {
 public:
  virtual ~BlobSource() = default;
  virtual std::string fetch(const ReleaseId& release, bool manifest, std::uint64_t offset, std::uint32_t length,
                            std::int64_t deadline_boot_ms, const std::stop_token& stop) = 0;
  /// A piece of the archive that fetch() will be called for soon is asked for now, and kept until give_up(), which is
  /// called once for every begin(). Neither blocks nor throws.
  virtual void begin(const ReleaseId& release, std::uint64_t offset, std::uint32_t length) = 0;
  virtual void give_up(const ReleaseId& release, std::uint64_t offset) = 0;
};

protocol::StepResult done(bool changed, std::string detail);
protocol::StepResult failed(std::string code, std::string detail);
/// What a step threw, by the code by which people and the coordinator tell failures apart.
protocol::StepResult failed_by(const std::exception& error);

}  // namespace switchyard::agent
