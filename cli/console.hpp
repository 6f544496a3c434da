#pragma once

#include <cstddef>
#include <istream>
#include <ostream>
#include <string>

namespace switchyard::cli {

/// Where the program writes, and how: what the person asked for and what the streams are connected to. Results go to
/// `out`; what happens meanwhile goes to `notes`, so that `out` can be piped on.
struct Console {
  std::ostream& out;
  std::ostream& notes;
  bool json = false;
  bool verbose = false;
  bool colours = false;  ///< of what is drawn on `notes`
  bool live = false;     ///< `notes` is a terminal that can be drawn on
  std::size_t width = 80;
  std::size_t height = 24;

  /// An answer in JSON: one line, or indented when a person reads it.
  void print_json(const std::string& body) const;
  bool out_is_terminal = false;
  std::istream* in = nullptr;  ///< standard input, for what must be in no argument
  bool in_is_terminal = false;
};

/// The console of this process: standard output and standard error. Colours unless NO_COLOR is set.
Console make_console(std::ostream& out, std::ostream& notes, bool json, bool verbose);
/// Asks the terminal again: its window may have been resized.
void refresh_size(Console& console);

enum class Colour { plain, green, yellow, red, cyan, faint };
/// The colour in which a state of a deployment or of a component is shown.
Colour colour_of_state(const std::string& state);
std::string coloured(const Console& console, Colour colour, const std::string& text);

}  // namespace switchyard::cli
