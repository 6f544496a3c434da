#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace switchyard {
class SecretMask;
}

/// The program's own log: a constant message and key=value fields, past tense for what has happened. `error`: a person
/// must act. `warning`: degraded, will be tried again. `info`: one line per change of state. `debug`: the rest.
/// Never throws. Thread-safe. Secrets are a type (SecretText) that no Field takes.
namespace switchyard::log {

/// `off`: nothing is written, for programs that provoke errors by the thousand.
enum class Level { debug, info, warning, error, off };

struct Field {
  std::string_view key;
  std::string value;

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
  template <std::integral T>
  Field(std::string_view k, T v) : key(k), value(std::to_string(v)) {}
};

/// Call once in main(), before other threads exist. Under systemd the lines carry syslog levels for the journal.
/// `mask`: blackens the secrets that the program knows, in messages and values; it lives as long as anything is
/// written.
void set_up(std::string_view program, Level least, const SecretMask* mask = nullptr);

void write(Level level, std::string_view message, std::initializer_list<Field> fields) noexcept;

inline void debug(std::string_view message, std::initializer_list<Field> fields = {}) noexcept {
  write(Level::debug, message, fields);
}
inline void info(std::string_view message, std::initializer_list<Field> fields = {}) noexcept {
  write(Level::info, message, fields);
}
inline void warning(std::string_view message, std::initializer_list<Field> fields = {}) noexcept {
  write(Level::warning, message, fields);
}
inline void error(std::string_view message, std::initializer_list<Field> fields = {}) noexcept {
  write(Level::error, message, fields);
}

}  // namespace switchyard::log
