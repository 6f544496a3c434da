#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"

namespace switchyard::cli {

ExitStatus run_command(Context& context, const HostsAdd& options) {
  const std::string answer = context.api.post("/v1/hosts", write_new_host(options.host, options.labels));
  if (context.console.json) {
    context.console.print_json(answer);
  } else {
    context.console.out << "Host " << options.host
                        << " is known. Enrol its agent: switchyard agents token create --host " << options.host << "\n";
  }
  return ExitStatus::done;
}

}  // namespace switchyard::cli
