#include "agent/probes/http_exchange.hpp"
#include "agent/probes/probe.hpp"

namespace switchyard::agent {

ProbeTry try_http(const protocol::HttpProbe& probe, std::uint32_t timeout_ms, const std::stop_token& stop) {
  std::string why;
  const auto answer = ask_http({"GET", probe.url, probe.headers, {}}, Deadline(timeout_ms), stop, why);
  if (!answer) return not_ok(why);
  const std::string seen = "GET " + probe.url + " answered " + std::to_string(answer->status);
  if (!is_expected_status(probe.expected_status, answer->status)) {
    return not_ok(seen + ", expected " + expected_text(probe.expected_status));
  }
  if (!probe.expected_body.empty() && answer->body.find(probe.expected_body) == std::string::npos) {
    return not_ok(seen + ", but its body does not contain \"" + probe.expected_body + "\"");
  }
  return all_ok(seen);
}

}  // namespace switchyard::agent
