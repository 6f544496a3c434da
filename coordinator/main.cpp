#include <sysexits.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>

#include "common/core_dumps.hpp"
#include "common/error.hpp"
#include "common/event_loop.hpp"
#include "common/log.hpp"
#include "common/printable.hpp"
#include "common/secret_mask.hpp"
#include "common/service_notify.hpp"
#include "coordinator/api/token_book.hpp"
#include "coordinator/coordinator.hpp"

namespace {

using namespace switchyard;

constexpr std::string_view usage =
    "usage: switchyard-coordinator [--config FILE] [--root DIR] [--check | --restored | --vault-lost]\n"
    "\n"
    "Holds the plans and the state of a fleet's deployments, and drives the agents.\n"
    "\n"
    "  --config FILE  configuration (default: /etc/switchyard/coordinator.yaml, if it exists)\n"
    "  --root DIR     goes before every path of this machine, the configuration's default place too\n"
    "  --check        reads configuration, keys, store and audit, says whether they are in order, and ends\n"
    "  --restored     says that the store is a copy that was restored, and ends: from its next start on the "
    "coordinator\n"
    "                 gives no command until `switchyard recover` has read back what the hosts know\n"
    "  --vault-lost   says that vault.key is lost, and ends: every authenticator app is taken away, and has to be "
    "enrolled\n"
    "                 anew. The next start makes another key\n"
    "  --version      prints the version\n"
    "  --help         prints this text\n"
    "\n"
    "Exit status: 0 ended on request, or in order; 3 another coordinator has taken over this store; 70 ended after an\n"
    "error; 78 configuration or a key is not as it must be.\n";

/// Another coordinator has taken over: RestartPreventExitStatus= of the unit names this number, or the two would take
/// the store from each other for ever.
constexpr int exit_stale = 3;

struct Arguments {
  std::filesystem::path config;
  bool config_named = false;
  std::filesystem::path root;
  bool check = false;
  bool restored = false;
  bool vault_lost = false;
  bool help = false;
  bool version = false;
};

Arguments parse(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = values[i];
    const auto value = [&]() -> std::string_view {
      if (++i >= count) throw InputError(std::string(word) + " needs a value; see --help");
      return values[i];
    };
    if (word == "--config") {
      arguments.config = value();
      arguments.config_named = true;
    } else if (word == "--root") {
      arguments.root = value();
    } else if (word == "--check") {
      arguments.check = true;
    } else if (word == "--restored") {
      arguments.restored = true;
    } else if (word == "--vault-lost") {
      arguments.vault_lost = true;
    } else if (word == "--help" || word == "-h") {
      arguments.help = true;
    } else if (word == "--version") {
      arguments.version = true;
    } else {
      throw InputError("unknown argument '" + std::string(word) + "'; see --help");
    }
  }
  if ((arguments.check ? 1 : 0) + (arguments.restored ? 1 : 0) + (arguments.vault_lost ? 1 : 0) > 1) {
    throw InputError("--check, --restored and --vault-lost exclude each other; see --help");
  }
  if (!arguments.config_named) {
    arguments.config =
        (arguments.root.empty() ? std::filesystem::path("/") : arguments.root) / "etc/switchyard/coordinator.yaml";
  }
  return arguments;
}

/// True when it shall begin anew: its keys are new.
bool serve(const CoordinatorConfig& config, SecretMask& mask) {
  EventLoop loop;
  bool anew = false;
  const Coordinator coordinator(loop, config, mask, [&] {
    anew = true;
    loop.stop();
  });
  loop.on_end_signal([&loop] {
    // Nothing is undone: what is durable is taken up again at the next start, and the agents wait for it.
    log::info("ending; running deployments go on after the next start");
    notify_service("STOPPING=1");
    loop.stop();
  });
  notify_service("READY=1");
  loop.run();
  return anew;
}

/// What the environment says. Nothing that is started from here shall find the tokens there.
void take_environment(CoordinatorConfig& config) {
  if (const char* file = std::getenv("DEPLOYMENT_AUDIT_LOG")) config.audit_log = file;
  if (!config.audit_log.empty() && !config.audit_log.is_absolute()) {
    throw InputError("DEPLOYMENT_AUDIT_LOG: '" + config.audit_log.string() + "' is no absolute path");
  }
  constexpr const char* variable = "DEPLOYMENT_ADMIN_TOKENS";
  if (const char* value = std::getenv(variable)) config.api.admin_tokens = api::admin_tokens_of(value);
  ::unsetenv(variable);
}

int run(const Arguments& arguments, SecretMask& mask) {
  if (arguments.help || arguments.version) {
    const std::string_view text = arguments.help ? usage : "switchyard-coordinator " SWITCHYARD_VERSION "\n";
    std::fwrite(text.data(), 1, text.size(), stdout);
    return EX_OK;
  }
  CoordinatorConfig config = load_coordinator_config(arguments.config, arguments.config_named, arguments.root);
  take_environment(config);
  log::set_up("switchyard-coordinator", config.log_level, &mask);
  forbid_core_dumps();
  if (arguments.restored) {
    mark_restored(config);
    std::puts("noted: after its start the coordinator waits for `switchyard recover`");
    return EX_OK;
  }
  if (arguments.vault_lost) {
    give_vault_up(config);
    std::puts(
        "noted: no authenticator app is enrolled and no secret is set any more, and the next start makes another "
        "vault.key");
    return EX_OK;
  }
  if (!arguments.check) {
    while (serve(config, mask)) log::info("beginning anew");
    return EX_OK;
  }
  check_coordinator(config);
  std::puts("configuration, keys and store are in order");
  return EX_OK;
}

}  // namespace

int main(int count, char** values) {
  SecretMask mask;
  try {
    return run(parse(count, values), mask);
  } catch (const StaleEpochError& error) {
    log::error("ended: another coordinator has taken over", {{"why", error.what()}});
    return exit_stale;
  } catch (const InputError& error) {
    std::fprintf(stderr, "switchyard-coordinator: %s\n", printable_message(error.what()).c_str());
    return EX_CONFIG;
  } catch (const std::exception& error) {
    log::error("ended after an error", {{"why", error.what()}});
    return EX_SOFTWARE;
  }
}
