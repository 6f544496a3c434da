#include <set>

#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/input_file.hpp"
#include "cli/time_text.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/printable.hpp"
#include "coordinator/planner/manifest_reader.hpp"

namespace switchyard::cli {
namespace {

Validity judge(const std::string& file) {
  Validity validity;
  validity.file = file;
  try {
    const model::Manifest manifest =
        planner::read_manifest(read_input_file(file, limits::cli_manifest_bytes_max), file);
    validity.valid = true;
    validity.name = manifest.name;
    validity.version = manifest.version;
    validity.environment = manifest.environment;
    std::set<std::string> hosts;
    for (const model::Component& component : manifest.components) {
      validity.components.push_back(component.name);
      for (const HostId& host : component.hosts) hosts.insert(host.str());
    }
    validity.hosts.assign(hosts.begin(), hosts.end());
  } catch (const InputError& error) {
    validity.error = error.what();
  }
  return validity;
}

}  // namespace

ExitStatus validate(const Console& console, const Validate& options) {
  const Validity validity = judge(options.file);
  if (console.json) {
    console.print_json(write_validity(validity));
  } else if (validity.valid) {
    const std::string version = validity.version.empty() ? "" : " " + printable(validity.version);
    console.out << printable(options.file) << " is valid: " << printable(validity.name) << version << ", "
                << how_many(validity.components.size(), "component") << ", " << how_many(validity.hosts.size(), "host")
                << "\n";
  } else {
    console.notes << printable_message(validity.error) << "\n";
  }
  return validity.valid ? ExitStatus::done : ExitStatus::bad_input;
}

}  // namespace switchyard::cli
