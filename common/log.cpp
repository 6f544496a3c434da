#include "common/log.hpp"

// The only file that includes spdlog.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>

#include "common/secret_mask.hpp"

namespace switchyard::log {
namespace {

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
    case Level::off:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

/// The syslog priority prefix that journald reads from standard error.
const char* journal_prefix(Level level) {
  switch (level) {
    case Level::debug:
      return "<7>";
    case Level::info:
      return "<6>";
    case Level::warning:
      return "<4>";
    case Level::error:
    case Level::off:
      return "<3>";
  }
  return "<6>";
}

/// Set before other threads exist.
const SecretMask* known_secrets = nullptr;

std::string masked(std::string_view text) {
  return known_secrets == nullptr ? std::string(text) : known_secrets->masked(text);
}

bool under_journal() {
  static const bool under = std::getenv("JOURNAL_STREAM") != nullptr;
  return under;
}

/// Quotes a value that holds a space, a quote or a control character, so that a line stays one line.
void append_value(std::string& line, std::string_view value) {
  bool plain = !value.empty();
  for (const char c : value) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '\\' || c == 0x7f) plain = false;
  }
  if (plain) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (c == '\n') {
      line += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      line += '?';
    } else {
      line += c;
    }
  }
  line += '"';
}

/// A message may carry what somebody else has said: it must not begin a line, or an escape sequence, of its own.
void append_message(std::string& line, std::string_view message) {
  for (const char c : message) {
    if (c == '\n') {
      line += "\\n";
    } else {
      line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    }
  }
}

}  // namespace

void set_up(std::string_view program, Level least, const SecretMask* mask) {
  known_secrets = mask;
  auto logger =
      std::make_shared<spdlog::logger>(std::string(program), std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern(under_journal() ? "%v" : "%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  logger->set_level(to_spdlog(least));
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

void write(Level level, std::string_view message, std::initializer_list<Field> fields) noexcept {
  try {
    if (!spdlog::should_log(to_spdlog(level))) return;
    std::string line = under_journal() ? journal_prefix(level) : "";
    // Before anything is escaped: the values are known as they are.
    append_message(line, masked(message));
    for (const Field& field : fields) {
      line += ' ';
      line += field.key;
      line += '=';
      append_value(line, masked(field.value));
    }
    spdlog::default_logger_raw()->log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
  } catch (...) {
    // A log line that cannot be written must not stop the work that it describes.
  }
}

}  // namespace switchyard::log
