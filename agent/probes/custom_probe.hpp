#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "agent/probes/pause.hpp"
#include "agent/probes/probe.hpp"
#include "agent/system/service_manager.hpp"
#include "common/clock.hpp"

namespace switchyard::agent {

/// An external program that speaks the contract of docs/health.md: one JSON object on its standard input, one on its
/// standard output, then it ends with status 0. Blocking; any thread. Throws SysError when the bus fails.
ProbeTry try_custom(const protocol::CustomProbe& probe, const protocol::ProbeSpec& spec, ServiceManager& services,
                    const Clock& clock, const Pause& pause, const std::stop_token& stop);

/// What the program is asked.
std::string custom_request(const protocol::CustomProbe& probe, const protocol::ProbeSpec& spec);
/// What its answer means. Pure.
ProbeTry judge_custom_answer(const std::string& program, std::string_view answer);

}  // namespace switchyard::agent
