#pragma once

#include <string>
#include <vector>

#include "cli/console.hpp"

namespace switchyard::cli {

/// The lines at the end of a terminal that are drawn again in place; what is to stay is printed above them. On what is
/// no terminal only that is printed.
class LiveScreen {
 public:
  explicit LiveScreen(Console& console) : console_(console) {}
  ~LiveScreen() { clear(); }
  LiveScreen(const LiveScreen&) = delete;
  LiveScreen& operator=(const LiveScreen&) = delete;

  void draw(const std::vector<std::string>& lines);
  /// A line that stays.
  void print(const std::string& line);
  void clear();
  /// What is drawn stays where it is: the last picture.
  void keep() { drawn_.clear(); }

 private:
  Console& console_;
  std::vector<std::string> drawn_;
};

}  // namespace switchyard::cli
