#include "cli/live_screen.hpp"

namespace switchyard::cli {

void LiveScreen::clear() {
  if (drawn_.empty()) return;
  console_.notes << "\x1b[" << drawn_.size() << "F\x1b[J" << std::flush;
  drawn_.clear();
}

void LiveScreen::draw(const std::vector<std::string>& lines) {
  if (!console_.live) return;
  std::string frame;
  // One write per frame, line by line over the old ones: clearing everything first would flicker.
  if (!drawn_.empty()) frame += "\x1b[" + std::to_string(drawn_.size()) + "F";
  for (const std::string& line : lines) frame += line + "\x1b[K\n";
  frame += "\x1b[J";
  console_.notes << frame << std::flush;
  drawn_ = lines;
}

void LiveScreen::print(const std::string& line) {
  const std::vector<std::string> lines = drawn_;
  clear();
  console_.notes << line << "\n" << std::flush;
  if (!lines.empty()) draw(lines);
}

}  // namespace switchyard::cli
