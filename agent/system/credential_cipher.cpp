#include "agent/system/credential_cipher.hpp"

#include "agent/system/child_process.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

constexpr const char* creds_program = "/usr/bin/systemd-creds";

ProcessOutcome ask(const char* verb, const std::string& name, const std::string& input) {
  ProcessRequest request;
  request.argv = {creds_program, "--name=" + name, verb, "-", "-"};
  request.input = input;
  request.timeout_ms = static_cast<int>(limits::credential_ms_max);
  request.output_bytes_max = limits::credential_output_bytes_max;
  return run_process(request);
}

}  // namespace

std::string SystemdCreds::encrypt(const std::string& name, const std::string& text) {
  ProcessOutcome outcome = ask("encrypt", name, text);
  if (outcome.exit_status == 0 && !outcome.timed_out && !outcome.truncated && !outcome.output.empty()) {
    return std::move(outcome.output);
  }
  throw Error("systemd-creds could not encrypt a configuration: " +
              (outcome.timed_out ? std::string("it took too long") : outcome.errors) +
              "; try `systemd-creds setup` on the host");
}

std::optional<std::string> SystemdCreds::decrypt(const std::string& name, const std::string& sealed) {
  ProcessOutcome outcome = ask("decrypt", name, sealed);
  if (outcome.exit_status != 0 || outcome.timed_out || outcome.truncated) return std::nullopt;
  return std::move(outcome.output);
}

}  // namespace switchyard::agent
