#include "cli/deployment_input.hpp"

#include <filesystem>
#include <optional>

#include "cli/config_directory.hpp"
#include "cli/deployment_configuration.hpp"
#include "cli/errors.hpp"
#include "cli/input_file.hpp"
#include "cli/live_screen.hpp"
#include "common/ensure.hpp"
#include "common/ids.hpp"
#include "common/limits.hpp"
#include "coordinator/planner/component_choice.hpp"
#include "coordinator/planner/manifest_reader.hpp"

namespace switchyard::cli {

namespace {

/// What the manifest is read with, from weak to strong: the caller's variables, the environment's file, the options.
model::ManifestDefaults defaults_of(const Context& context, const DeployStart& options, const std::string& environment,
                                    const std::optional<config::Catalog>& catalog) {
  model::ManifestDefaults defaults;
  if (context.local != nullptr) {
    defaults = config::manifest_defaults(config::read_caller_settings(caller_of(context.local->environment)));
  }
  if (catalog && !environment.empty()) defaults = config::defaults_in(catalog->environment(environment), defaults);
  if (!options.strategy.empty()) {
    defaults.strategy = model::strategy_from_name(options.strategy);
    ENSURE(defaults.strategy.has_value());  // the command line takes no other
    defaults.strategy_source = model::StrategySource::option;
  }
  if (options.no_migrations) defaults.run_migrations = false;
  return defaults;
}

/// Tells, while somebody waits, for whom: once in lines that stay, and on a terminal second by second how far it is.
class WaitForHolder {
 public:
  WaitForHolder(Context& context, std::int64_t wait_s)
      : context_(context), first_ms_(context.clock.boot_ms()), wait_s_(wait_s), screen_(context.console) {}

  bool over() const { return waited_ms() >= wait_s_ * 1'000; }
  void held(const RefusedError& refusal) {
    const Holder holder = read_holder(refusal.body);
    if (!told_ || holder.deployment != *told_) {
      screen_.print(std::string(refusal.what()) + "\nWaiting for its end, for at most " + std::to_string(wait_s_) +
                    " s.");
    }
    told_ = holder.deployment;
    const std::string who = holder.deployment.empty() ? "another deployment" : holder.deployment;
    screen_.draw({"waiting for " + who + (holder.state.empty() ? "" : ", which is " + holder.state) + ": " +
                  std::to_string(waited_ms() / 1'000) + " of " + std::to_string(wait_s_) + " s"});
  }

 private:
  std::int64_t waited_ms() const { return context_.clock.boot_ms() - first_ms_; }

  Context& context_;
  std::int64_t first_ms_;
  std::int64_t wait_s_;
  LiveScreen screen_;
  std::optional<std::string> told_;
};

}  // namespace

DeployBody prepare_deployment(Context& context, const DeployStart& options, ArtifactUse use) {
  DeployBody body;
  body.file = options.file;
  body.manifest = read_input_file(options.file, limits::cli_manifest_bytes_max);
  const std::string environment =
      options.environment.empty() ? planner::read_environment_name(body.manifest, options.file) : options.environment;
  std::optional<config::Catalog> catalog;
  if (context.local != nullptr) catalog = catalog_for(*context.local, environment, options.config_dir);
  body.defaults = defaults_of(context, options, environment, catalog);
  const model::Manifest manifest =
      planner::choose_components(planner::read_manifest(body.manifest, options.file, body.defaults), options.components)
          .manifest;
  body.no_rollback = options.no_rollback;
  if (context.local != nullptr) {
    // Before anything is uploaded: what is wrong in these files needs no coordinator to be found.
    const model::Configuration configuration = configuration_of(*context.local, manifest, options.environment, catalog);
    if (!configuration.environment.empty()) body.configuration = write_configuration(configuration);
  }
  // Packing may take minutes: whoever has no coordinator, or no right to it, learns that first.
  context.api.get("/v1/version");
  body.environment = options.environment;
  body.plan_hash = options.plan_hash;
  body.components = options.components;
  body.sequential = options.sequential;
  body.no_monitoring = options.no_monitoring;
  body.run_tests = options.run_tests;
  provide_artifacts(context, manifest, std::filesystem::path(options.file).parent_path(), use, body);
  return body;
}

void print_plan(Context& context, const DeployBody& body, bool dot) {
  const std::string answer = context.api.post("/v1/plans", write_deploy(body));
  if (context.console.json) {
    context.console.print_json(answer);
    return;
  }
  const Plan plan = read_plan(answer);
  context.console.out << (dot ? plan.dot : plan.text);
}

std::string start_once(Context& context, const std::string& path, const std::string& body, std::int64_t wait_s) {
  const std::string key = random_hex(16);
  const std::int64_t first_ms = context.clock.boot_ms();
  bool asked = false;  // once a request may have arrived, only an answer tells whether it was started
  WaitForHolder wait(context, wait_s);
  for (;;) {
    try {
      return context.api.post(path, body, key);
    } catch (const UnreachableError& error) {
      const bool too_long = context.clock.boot_ms() - first_ms > limits::cli_unreachable_ms_max;
      if ((!asked && !error.asked) || too_long) throw;
      if (!asked) context.console.notes << error.what() << "\nAsking again; it is started once only.\n";
      asked = true;
    } catch (const RefusedError& error) {
      // Nothing was started, and nothing is kept of the key.
      if (error.code != "locked" || wait.over()) throw;
      wait.held(error);
    }
    if (context.interrupt.pressed_within(limits::cli_retry_ms)) throw InterruptedError();
  }
}

}  // namespace switchyard::cli
