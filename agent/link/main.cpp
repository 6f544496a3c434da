#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "agent/journal/journal_file.hpp"
#include "agent/link/agent.hpp"
#include "agent/link/dead_man.hpp"
#include "agent/link/enroll.hpp"
#include "agent/link/safe_agent.hpp"
#include "agent/link/status.hpp"
#include "common/core_dumps.hpp"
#include "common/error.hpp"
#include "common/log.hpp"
#include "common/printable.hpp"
#include "common/secret_mask.hpp"

namespace switchyard::agent {
namespace {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;
constexpr int exit_busy = 3;
constexpr int exit_unreachable = 5;
constexpr int exit_refused = 6;

constexpr const char* usage =
    R"(Usage: switchyard-agent [--config FILE] [--root DIR] COMMAND

Commands:
  run                         be this host's agent (what switchyard-agent.service does)
  enroll STRING [--name N]    join the fleet with the string that `switchyard agents token create` printed;
                              STRING may be - to read it from standard input
  enroll STRING --new-key     give this host, which is enrolled, a new key; STRING is made for it by
                              `switchyard agents token create`, with the option of the same name
  status [--json]             what this host's journal says; exit status 3 while a deployment is under way
  resolve DEPLOYMENT --commit|--abort --reason TEXT
                              decide a held deployment here, when the coordinator is gone for good
  deadman                     revert what nobody confirmed in time (what switchyard-deadman.service does)
  resume                      the same, once, after a boot

Options:
  --config FILE               default: /etc/switchyard/agent.yaml
  --root DIR                  put DIR before every path
  --help, --version

Exit status: 0 done, 1 failed, 2 bad usage or input, 3 a deployment is under way, 5 coordinator unreachable,
6 refused by the coordinator.
)";

constexpr const char* enroll_usage =
    R"(Usage: switchyard-agent enroll STRING [--name NAME]
       switchyard-agent enroll STRING --new-key

Lets this host join a fleet; as root, once. STRING is what `switchyard agents token create` printed on the
coordinator's machine. It begins with sy1., is good for one host and ten minutes, and is a secret: `-` reads
it from standard input. The host must reach the coordinator's ports 7400 and 7401; none is opened here.

  --name NAME    the name in manifests and reports; by default this host's own, up to the first dot
  --new-key      this host is enrolled: give it a new key, while its services run. STRING is then made by
                 `switchyard agents token create --host NAME --new-key`

Then start the agent: systemctl restart switchyard-agent

Exit status: 0 done, 1 failed, 2 bad usage or input, 5 coordinator unreachable, 6 refused by the coordinator.
)";

/// What is larger (the journal is read in one piece of 1 MiB) goes back to the kernel as soon as it is free. Left to
/// itself malloc raises this bound to the largest that it has freed, and the next of that size stays in the heap.
constexpr int large_buffer_bytes = 128 * 1024;

struct Arguments {
  std::filesystem::path config;
  std::filesystem::path root;
  std::string command;
  std::vector<std::string> operands;
  std::string name;
  std::string reason;
  bool new_key = false, json = false, commit = false, abort = false, help = false, version = false;
};

Arguments parse(int count, char** values) {
  Arguments arguments;
  const auto value_of = [&](int& index) -> std::string {
    if (index + 1 >= count) throw InputError(std::string(values[index]) + " needs a value; see --help");
    return values[++index];
  };
  for (int i = 1; i < count; ++i) {
    const std::string word = values[i];
    if (word == "--config")
      arguments.config = value_of(i);
    else if (word == "--root")
      arguments.root = value_of(i);
    else if (word == "--name")
      arguments.name = value_of(i);
    else if (word == "--reason")
      arguments.reason = value_of(i);
    else if (word == "--new-key")
      arguments.new_key = true;
    else if (word == "--json")
      arguments.json = true;
    else if (word == "--commit")
      arguments.commit = true;
    else if (word == "--abort")
      arguments.abort = true;
    else if (word == "--help" || word == "-h")
      arguments.help = true;
    else if (word == "--version")
      arguments.version = true;
    else if (word.size() > 1 && word.front() == '-')
      throw InputError("unknown option " + word + "; see --help");
    else if (arguments.command.empty())
      arguments.command = word;
    else
      arguments.operands.push_back(word);
  }
  return arguments;
}

std::string host_name() {
  char buffer[256] = {};
  if (gethostname(buffer, sizeof buffer - 1) != 0) return "";
  const std::string name(buffer);
  return name.substr(0, name.find('.'));
}

void expect_operands(const Arguments& arguments, std::size_t wanted) {
  if (arguments.operands.size() != wanted) {
    throw InputError(arguments.command + " takes " + std::to_string(wanted) + " operand(s), not " +
                     std::to_string(arguments.operands.size()) + "; see --help");
  }
}

int do_enroll(const Arguments& arguments, const AgentConfig& config) {
  expect_operands(arguments, 1);
  std::string text = arguments.operands.front();
  if (text == "-" && !std::getline(std::cin, text)) throw InputError("no enrolment string on standard input");
  if (arguments.new_key) {
    const HostId host = take_new_key(config, text);
    std::cout << host.str()
              << " has a new key, and its agent takes it within seconds. The old one is no key any more.\n";
    return EXIT_SUCCESS;
  }
  const HostId host = enroll(config, text, arguments.name.empty() ? host_name() : arguments.name);
  std::cout << "This host is now " << host.str() << ". Start its agent: systemctl restart switchyard-agent\n";
  return EXIT_SUCCESS;
}

int do_resolve(const Arguments& arguments, const AgentConfig& config, const AgentIdentity& identity, SecretMask& mask) {
  expect_operands(arguments, 1);
  if (arguments.commit == arguments.abort) throw InputError("resolve needs one of --commit and --abort");
  if (arguments.reason.empty()) throw InputError("resolve needs a --reason: it is kept in the journal");
  const DeploymentId deployment(arguments.operands.front());
  const std::optional<protocol::AgentState> state = read_state(config, identity, deployment);
  if (!state) {
    throw InputError("this host's journal knows no deployment " + deployment.str() +
                     "; `switchyard-agent status` shows what it knows");
  }
  if (*state != protocol::AgentState::held) {
    throw InputError("deployment " + deployment.str() + " is " + std::string(protocol::agent_state_name(*state)) +
                     " on this host; only a held one can be decided here");
  }
  run_dead_man(config, identity, Role::dead_man, Resolved{deployment, arguments.commit, arguments.reason}, mask);
  std::cout << read_status(config, identity, arguments.json).text;
  return EXIT_SUCCESS;
}

/// A journal that cannot be read, or not replayed, is for a person to judge; until then the host says so.
void run_agent(const AgentConfig& config, const AgentIdentity& identity, SecretMask& mask) {
  std::string why;
  try {
    return Agent(config, identity, mask).run();
  } catch (const JournalCorrupt& error) {
    why = error.what();
  } catch (const DecodeError& error) {
    why = error.what();
  }
  SafeAgent(config, identity, why).run();
}

int dispatch(const Arguments& arguments, const AgentConfig& config, SecretMask& mask) {
  if (arguments.command == "enroll") return do_enroll(arguments, config);
  const PosixFileSystem files;
  const std::optional<AgentIdentity> identity = load_identity(files, config.paths.state);
  if (!identity) {
    throw InputError(
        "this host is not enrolled; make a string with `switchyard agents token create` and run `switchyard-agent "
        "enroll STRING`");
  }
  if (arguments.command == "run") {
    expect_operands(arguments, 0);
    run_agent(config, *identity, mask);
    return EXIT_SUCCESS;
  }
  if (arguments.command == "deadman" || arguments.command == "resume") {
    expect_operands(arguments, 0);
    run_dead_man(config, *identity, arguments.command == "resume" ? Role::resume : Role::dead_man, std::nullopt, mask);
    return EXIT_SUCCESS;
  }
  if (arguments.command == "status") {
    expect_operands(arguments, 0);
    const AgentStatus status = read_status(config, *identity, arguments.json);
    std::cout << status.text;
    return status.idle ? EXIT_SUCCESS : exit_busy;
  }
  if (arguments.command == "resolve") return do_resolve(arguments, config, *identity, mask);
  throw InputError("unknown command '" + arguments.command + "'; see --help");
}

int main_of(int count, char** values, SecretMask& mask) {
  const Arguments arguments = parse(count, values);
  if (arguments.help || arguments.version) {
    const char* help = arguments.command == "enroll" ? enroll_usage : usage;
    std::cout << (arguments.help ? help : "switchyard-agent " SWITCHYARD_VERSION "\n");
    return EXIT_SUCCESS;
  }
  if (arguments.command.empty()) throw InputError("a command is needed; see --help");
  const std::filesystem::path standard = arguments.root / std::filesystem::path("etc/switchyard/agent.yaml");
  const std::filesystem::path file = !arguments.config.empty() ? arguments.config
                                     : arguments.root.empty()  ? "/etc/switchyard/agent.yaml"
                                                               : standard;
  const AgentConfig config = load_agent_config(file, arguments.root);
  log::set_up("switchyard-agent", config.log_level, &mask);
  forbid_core_dumps();
  ::mallopt(M_MMAP_THRESHOLD, large_buffer_bytes);
  return dispatch(arguments, config, mask);
}

}  // namespace
}  // namespace switchyard::agent

int main(int count, char** values) {
  using namespace switchyard;
  SecretMask mask;
  // Files, arguments and the coordinator are quoted in it.
  const auto failed = [](const std::exception& error, int status) {
    std::cerr << "switchyard-agent: " << printable_message(error.what()) << "\n";
    return status;
  };
  try {
    return agent::main_of(count, values, mask);
  } catch (const InputError& error) {
    return failed(error, agent::exit_usage);
  } catch (const agent::EnrolmentRefused& error) {
    return failed(error, agent::exit_refused);
  } catch (const TransportError& error) {
    return failed(error, agent::exit_unreachable);
  } catch (const std::exception& error) {
    return failed(error, agent::exit_failed);
  }
}
