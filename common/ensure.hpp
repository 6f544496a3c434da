#pragma once

namespace switchyard {

/// Logs the broken condition and aborts. The supervisor restarts the process, which re-reads its state from disk.
[[noreturn]] void ensure_failed(const char* condition, const char* file, int line, const char* function) noexcept;

}  // namespace switchyard

/// States an invariant. It is checked in release builds too: a wrong state must never be written or sent.
/// (clang 14, which fuzzes and lints, has no std::source_location.)
#define ENSURE(condition)                                                                    \
  do {                                                                                       \
    if (!(condition)) ::switchyard::ensure_failed(#condition, __FILE__, __LINE__, __func__); \
  } while (false)
