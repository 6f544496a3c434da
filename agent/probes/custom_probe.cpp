#include "agent/probes/custom_probe.hpp"

#include "agent/probes/program_talk.hpp"
#include "agent/probes/unit_run.hpp"
#include "agent/system/json_value.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {

std::string custom_request(const protocol::CustomProbe& probe, const protocol::ProbeSpec& spec) {
  return "{\"contract\":1,\"check\":" + json_quoted(spec.name) + ",\"timeout_ms\":" + std::to_string(spec.timeout_ms) +
         ",\"config\":" + (probe.config.empty() ? "{}" : probe.config) + "}\n";
}

ProbeTry judge_custom_answer(const std::string& program, std::string_view answer) {
  JsonValue told;
  try {
    told = parse_json(answer);
  } catch (const DecodeError& error) {
    return not_known(program + " answered something else than one JSON object: " + error.what());
  }
  const JsonValue& status = told.find("status");
  const JsonValue& message = told.find("message");
  if (told.kind != JsonValue::Kind::object || status.kind != JsonValue::Kind::text) {
    return not_known(program + " answered without a \"status\": \"healthy\", \"unhealthy\" or \"unknown\"");
  }
  ProbeTry tried;
  tried.detail =
      message.kind == JsonValue::Kind::text && !message.text.empty() ? message.text : program + " says " + status.text;
  tried.details = detail_texts(told.find("details"));
  tried.ok = status.text == "healthy";
  tried.unknown = status.text == "unknown";
  if (tried.ok || tried.unknown || status.text == "unhealthy") return tried;
  return not_known(program + " answered the status \"" + status.text.substr(0, 32) +
                   "\"; it may be \"healthy\", \"unhealthy\" or \"unknown\"");
}

ProbeTry try_custom(const protocol::CustomProbe& probe, const protocol::ProbeSpec& spec, ServiceManager& services,
                    const Clock& clock, const Pause& pause, const std::stop_token& stop) {
  const std::string request = custom_request(probe, spec);
  if (request.size() > limits::custom_request_bytes_max) return not_known("the check's config is too long");
  ProgramTalk talk(request, limits::custom_answer_bytes_max);
  const ProbeTry ran = run_unit({.argv = probe.argv,
                                 .user = probe.user,
                                 .timeout_ms = spec.timeout_ms,
                                 .standard_input = talk.standard_input(),
                                 .standard_output = talk.standard_output(),
                                 .meanwhile = [&] { return talk.take(); }},
                                services, clock, pause, stop);
  return ran.ok ? judge_custom_answer(probe.argv.front(), talk.answer()) : ran;
}

}  // namespace switchyard::agent
