#include "cli/commands/commands.hpp"
#include "cli/config_directory.hpp"
#include "cli/config_report.hpp"
#include "common/printable.hpp"

namespace switchyard::cli {

ExitStatus config_show(Offline& offline, const ConfigShow& options) {
  const ConfigDirectory directory = read_config_directory(options.config_dir);
  const auto caller = caller_of(offline.environment);
  const std::vector<config::CallerSetting> settings = config::read_caller_settings(caller);
  const config::Catalog catalog = load_catalog(directory, settings);
  const config::Resolved resolved =
      config::resolve(catalog.server(options.server), catalog.environment(options.environment),
                      {caller, offline.clock.wall_ms()}, offline.renderer);
  bool usable = resolved.valid();
  for (const config::CallerSetting& setting : settings) usable = usable && setting.problem.empty();

  const Console& console = offline.console;
  if (console.json) {
    console.print_json(write_resolved(resolved, settings));
  } else {
    print_resolved(console, resolved, settings);
    for (const config::Judgement& judgement : resolved.judgements) {
      console.notes << printable_message(judgement.message) << "\n";
    }
    for (const config::CallerSetting& setting : settings) {
      if (!setting.problem.empty()) console.notes << printable_message(setting.problem) << "\n";
    }
  }
  return usable ? ExitStatus::done : ExitStatus::bad_input;
}

}  // namespace switchyard::cli
