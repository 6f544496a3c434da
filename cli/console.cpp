#include "cli/console.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string_view>

#include "cli/api_values.hpp"

namespace switchyard::cli {
namespace {

const char* code_of(Colour colour) {
  switch (colour) {
    case Colour::plain:
      return "";
    case Colour::green:
      return "\x1b[32m";
    case Colour::yellow:
      return "\x1b[33m";
    case Colour::red:
      return "\x1b[31m";
    case Colour::cyan:
      return "\x1b[36m";
    case Colour::faint:
      return "\x1b[2m";
  }
  return "";
}

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

}  // namespace

void Console::print_json(const std::string& body) const { out << safe_json(body, out_is_terminal) << "\n"; }

Console make_console(std::ostream& out, std::ostream& notes, bool json, bool verbose) {
  Console console{out, notes};
  console.json = json;
  console.verbose = verbose;
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  console.live = ::isatty(STDERR_FILENO) == 1 && !dumb;
  console.colours = console.live && !is_set("NO_COLOR");
  console.out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  refresh_size(console);
  return console;
}

void refresh_size(Console& console) {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return;
  console.width = size.ws_col;
  console.height = size.ws_row;
}

Colour colour_of_state(const std::string& state) {
  constexpr std::array good = {"done", "committed", "held", "swapped"};
  constexpr std::array bad = {"stuck", "rolled_back", "failed", "unknown"};
  constexpr std::array doubtful = {"aborting", "reverting", "reverted", "paused", "deferred", "gone"};
  constexpr std::array waiting = {"pending", "draft", "approved", "idle", "skipped"};
  for (const char* name : good) {
    if (state == name) return Colour::green;
  }
  for (const char* name : bad) {
    if (state == name) return Colour::red;
  }
  for (const char* name : doubtful) {
    if (state == name) return Colour::yellow;
  }
  for (const char* name : waiting) {
    if (state == name) return Colour::faint;
  }
  return Colour::cyan;
}

std::string coloured(const Console& console, Colour colour, const std::string& text) {
  if (!console.colours || colour == Colour::plain) return text;
  return code_of(colour) + text + "\x1b[0m";
}

}  // namespace switchyard::cli
