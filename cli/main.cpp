#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include "cli/command_line.hpp"
#include "cli/run.hpp"
#include "common/core_dumps.hpp"
#include "common/log.hpp"

int main(int argc, char** argv) {
  using namespace switchyard;
  // A reader of our output that goes away must not look like a failure of the deployment.
  std::signal(SIGPIPE, SIG_IGN);
  log::set_up("switchyard", log::Level::error);
  forbid_core_dumps();
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto parsed = cli::parse_command_line(arguments);
  if (const auto* usage = std::get_if<cli::Usage>(&parsed)) {
    (usage->status == cli::ExitStatus::done ? std::cout : std::cerr) << usage->text;
    return static_cast<int>(usage->status);
  }
  const auto& invocation = std::get<cli::Invocation>(parsed);
  cli::Console console = cli::make_console(std::cout, std::cerr, invocation.global.json, invocation.global.verbose);
  console.in = &std::cin;
  console.in_is_terminal = ::isatty(STDIN_FILENO) != 0;
  return static_cast<int>(cli::run(invocation, console, [](const char* name) { return std::getenv(name); }));
}
