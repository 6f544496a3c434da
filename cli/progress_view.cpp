#include "cli/progress_view.hpp"

#include <algorithm>
#include <array>

#include "cli/time_text.hpp"
#include "common/printable.hpp"

namespace switchyard::cli {
namespace {

constexpr std::size_t name_width_max = 24;
constexpr std::size_t state_width = 10;

bool is_at_rest(const std::string& state) {
  constexpr std::array resting = {"pending", "staged", "committed", "reverted", "deferred", "gone"};
  return std::find(resting.begin(), resting.end(), state) != resting.end();
}

std::string padded(const std::string& text, std::size_t width) {
  std::string cut = cut_to(text, width);
  cut.append(width - std::min(width, width_of(cut)), ' ');
  return cut;
}

/// What a step's state is called where the step's undo was run.
std::string undo_word(const std::string& state) {
  if (state == "started") return "undoing";
  if (state == "done" || state == "skipped") return "undone";
  return "undo " + state + ":";
}

}  // namespace

void ProgressView::update(const Deployment& deployment, std::int64_t now_ms, std::int64_t wall_ms) {
  updated_ms_ = now_ms;
  const std::int64_t until_ms = deployment.finished_ms > 0 ? deployment.finished_ms : wall_ms;
  lasts_ms_ = std::max<std::int64_t>(0, until_ms - deployment.created_ms);
  deployment_ = deployment;
  std::map<std::pair<std::string, std::string>, Row> rows;
  for (const Progress& progress : deployment.progress) {
    const auto key = std::pair(progress.host, progress.component);
    const auto before = rows_.find(key);
    const bool same = before != rows_.end() && before->second.progress.state == progress.state &&
                      before->second.progress.step == progress.step;
    rows[key] = {progress, same ? before->second.since_ms : now_ms};
  }
  rows_ = std::move(rows);
}

std::string ProgressView::row_line(const Console& console, const Row& row, std::int64_t now_ms) const {
  std::size_t host_width = 4;
  std::size_t component_width = 9;
  for (const auto& [key, other] : rows_) {
    host_width = std::min(name_width_max, std::max(host_width, width_of(other.progress.host)));
    component_width = std::min(name_width_max, std::max(component_width, width_of(other.progress.component)));
  }
  const Progress& progress = row.progress;
  const std::string elapsed = is_at_rest(progress.state) ? "" : duration_text(now_ms - row.since_ms);
  const std::string front =
      "  " + padded(progress.host, host_width) + "  " + padded(progress.component, component_width) + "  ";
  std::string back = "  " + padded(elapsed, 9) + "  " + progress.step;
  if (!progress.detail.empty()) back += (progress.step.empty() ? "" : ": ") + progress.detail;
  // The state is cut apart from the rest, so that no escape sequence of its colour is ever cut in two.
  const std::size_t taken = width_of(front) + state_width;
  back.erase(back.find_last_not_of(' ') + 1);
  return cut_to(front, console.width) + (taken > console.width ? std::string()
                                                               : coloured(console, colour_of_state(progress.state),
                                                                          padded(progress.state, state_width)) +
                                                                     cut_to(back, console.width - taken));
}

std::vector<std::string> ProgressView::lines(const Console& console, std::int64_t now_ms) const {
  const std::string head = deployment_.id + "  " + deployment_.name +
                           (deployment_.version.empty() ? "" : " " + deployment_.version) +
                           (deployment_.environment.empty() ? "" : " to " + deployment_.environment);
  const std::string state = "  " + deployment_.state;
  const bool over = deployment_.finished_ms > 0;
  const std::string time = "  " + duration_text(lasts_ms_ + (over ? 0 : now_ms - updated_ms_));
  const std::size_t tail = width_of(state) + width_of(time);
  const std::size_t room = console.width > tail ? console.width - tail : 0;
  std::vector<std::string> lines = {cut_to(head, room) + coloured(console, colour_of_state(deployment_.state), state) +
                                    time};
  // Two lines stay free: for the count of what is left out, and for the cursor.
  const std::size_t rows_max = console.height > 4 ? console.height - 3 : 1;
  const bool all = rows_.size() <= rows_max;
  std::size_t left_out = 0;
  for (const auto& [key, row] : rows_) {
    if (!all && (is_at_rest(row.progress.state) || lines.size() > rows_max)) {
      ++left_out;
      continue;
    }
    lines.push_back(row_line(console, row, now_ms));
  }
  if (left_out > 0) lines.push_back(cut_to("  … and " + std::to_string(left_out) + " more", console.width));
  return lines;
}

std::string timeline_line(const Console& console, const TimelineEntry& entry) {
  std::string place = entry.host.empty() ? "coordinator" : entry.host;
  if (!entry.component.empty()) place += " " + entry.component;
  // What a host says speaks for itself. A state is said once, when the text does not say it.
  std::string text = entry.text;
  const bool says_state = entry.what == "step" ||
                          (entry.what != "host" && !entry.state.empty() && text.find(entry.state) == std::string::npos);
  if (says_state) {
    const std::string between = text.empty() ? "" : entry.what == "state" ? ": " : " ";
    const std::string word = entry.undo ? undo_word(entry.state) : entry.state;
    text = coloured(console, colour_of_state(entry.state), word) + between + text;
  }
  if (text.empty()) text = entry.what;
  return clock_text(entry.wall_ms) + " " + place + ": " + text;
}

}  // namespace switchyard::cli
