#include "cli/deployment_input.hpp"

#include <filesystem>

#include "cli/artifact_upload.hpp"
#include "cli/errors.hpp"
#include "cli/input_file.hpp"
#include "common/ids.hpp"
#include "common/limits.hpp"
#include "coordinator/planner/manifest_reader.hpp"

namespace switchyard::cli {

DeployBody prepare_deployment(Context& context, const DeployStart& options) {
  DeployBody body;
  body.file = options.file;
  body.manifest = read_input_file(options.file, limits::cli_manifest_bytes_max);
  const model::Manifest manifest = planner::read_manifest(body.manifest, options.file);
  // Packing may take minutes: whoever has no coordinator, or no right to it, learns that first.
  context.api.get("/v1/version");
  body.environment = options.environment;
  body.plan_hash = options.plan_hash;
  body.no_rollback = options.no_rollback;
  body.sequential = options.sequential;
  body.no_monitoring = options.no_monitoring;
  body.artifacts = upload_artifacts(context, manifest, std::filesystem::path(options.file).parent_path());
  return body;
}

void print_plan(Context& context, const DeployBody& body) {
  const std::string answer = context.api.post("/v1/plans", write_deploy(body));
  if (context.console.json) {
    context.console.print_json(answer);
    return;
  }
  context.console.out << read_plan(answer).text;
}

std::string start_once(Context& context, const std::string& path, const std::string& body) {
  const std::string key = random_hex(16);
  const std::int64_t first_ms = context.clock.boot_ms();
  bool asked = false;  // once a request may have arrived, only an answer tells whether it was started
  for (;;) {
    try {
      return context.api.post(path, body, key);
    } catch (const UnreachableError& error) {
      const bool too_long = context.clock.boot_ms() - first_ms > limits::cli_unreachable_ms_max;
      if ((!asked && !error.asked) || too_long) throw;
      if (!asked) context.console.notes << error.what() << "\nAsking again; it is started once only.\n";
      asked = true;
    }
    if (context.interrupt.pressed_within(limits::cli_retry_ms)) throw InterruptedError();
  }
}

}  // namespace switchyard::cli
