#pragma once

#include "cli/api_client.hpp"
#include "cli/console.hpp"
#include "cli/interrupt.hpp"
#include "cli/offline.hpp"
#include "common/clock.hpp"

namespace switchyard::cli {

/// What every command is given. Built in main.
struct Context {
  ApiClient& api;
  Console& console;
  Interrupt& interrupt;
  const Clock& clock;
  Offline* local = nullptr;  ///< what needs no coordinator; nullptr where there is only one
};

}  // namespace switchyard::cli
