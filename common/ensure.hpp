#pragma once

#include <source_location>

namespace switchyard {

/// Logs the broken condition and aborts. The supervisor restarts the process, which re-reads its state from disk.
[[noreturn]] void ensure_failed(const char* condition,
                                std::source_location where = std::source_location::current()) noexcept;

}  // namespace switchyard

/// States an invariant. It is checked in release builds too: a wrong state must never be written or sent.
#define ENSURE(condition)                                      \
  do {                                                         \
    if (!(condition)) ::switchyard::ensure_failed(#condition); \
  } while (false)
