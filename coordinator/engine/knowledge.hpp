#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coordinator/engine/deployment_run.hpp"
#include "coordinator/engine/turn.hpp"
#include "coordinator/model/deployment.hpp"
#include "protocol/message.hpp"

/// How what an agent says becomes what the engine knows. Pure.
namespace switchyard::engine {

struct Learned {
  Cause cause = {};               ///< trouble: what it is known by
  bool progress = false;          ///< something was done that was not done before
  std::string trouble;            ///< the host failed, or has reverted by itself; empty: all is well
  bool stuck = false;             ///< trouble: a revert failed, or its word proves nothing
  bool forgotten = false;         ///< trouble: it may have committed this, and has forgotten it
  bool ill = false;               ///< trouble: what it serves is unhealthy
  std::vector<std::string> news;  ///< for the timeline
};

Learned learn_from(HostRun& host, std::uint64_t session, const protocol::Message& message);
/// From HELLO, or the answer to a query. The report is the whole truth of that host about the deployment.
Learned learn_from_report(HostRun& host, std::uint64_t session, const protocol::DeploymentReport& report);

/// The host said that it goes, or went, back: the deployment can no longer be committed.
bool has_reverted(const HostRun& host);
/// Some host has.
bool lost_ground(const DeploymentRun& run);
/// In a host's own words: it will not revert by itself any more.
bool has_held(const HostRun& host);
/// Some stage of some component is live there.
bool serves_new(const HostRun& host);
/// Who is waited for, and what is known of them.
std::string laggards(const DeploymentRun& run);
/// What the last looks at live components found, where that was not good; empty: they were good.
std::string doubts(const DeploymentRun& run);
/// The doubts, and the hosts whose new release nobody can look at, because they are not connected; empty: all is known
/// to be good.
std::string unknowns(const DeploymentRun& run);
std::string step_title(const model::Plan& plan, const HostId& host, const StepId& step);
/// The line of the timeline for a step, or for a step's undo. Its deployment and time are the caller's to fill in.
model::TimelineEntry step_entry(const model::Plan& plan, const HostId& host, const protocol::StepEvent& step);

}  // namespace switchyard::engine
