#include "agent/system/nft_command.hpp"

#include <vector>

#include "agent/system/child_process.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

ProcessOutcome run_nft(const std::string& program, std::vector<std::string> arguments, std::string_view input) {
  arguments.insert(arguments.begin(), program);
  ProcessOutcome outcome = run_process({.argv = std::move(arguments),
                                        .input = input,
                                        .timeout_ms = limits::nft_ms_max,
                                        .output_bytes_max = limits::nft_output_bytes_max});
  if (outcome.timed_out) {
    throw Error(program + " did not end within " + std::to_string(limits::nft_ms_max / 1000) +
                " s and was killed; try `nft list ruleset` on the host");
  }
  return outcome;
}

[[noreturn]] void refused(const std::string& program, const std::string& doing, const ProcessOutcome& outcome) {
  throw Error(doing + ": " + program + " ended with status " + std::to_string(outcome.exit_status) + ": " +
              (outcome.errors.empty() ? "it said nothing" : outcome.errors));
}

}  // namespace

void NftCommand::load(std::string_view script) const {
  const ProcessOutcome outcome = run_nft(program_, {"-f", "-"}, script);
  if (outcome.exit_status != 0) refused(program_, "loading the switch's table", outcome);
}

std::optional<JsonValue> NftCommand::list_table(const std::string& family, const std::string& name) const {
  const ProcessOutcome outcome = run_nft(program_, {"-j", "list", "table", family, name}, {});
  if (outcome.exit_status == 0 && !outcome.truncated) return parse_json(outcome.output);
  if (outcome.errors.find("No such file or directory") != std::string::npos) return std::nullopt;
  refused(program_, "listing table " + family + " " + name, outcome);
}

std::optional<JsonValue> NftCommand::list_ruleset() const {
  const ProcessOutcome outcome = run_nft(program_, {"-j", "list", "ruleset"}, {});
  if (outcome.truncated) return std::nullopt;
  if (outcome.exit_status != 0) refused(program_, "listing the host's rule set", outcome);
  return parse_json(outcome.output);
}

}  // namespace switchyard::agent
