#include "agent/system/journal_tail.hpp"

#include <systemd/sd-journal.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

using Journal = std::unique_ptr<sd_journal, decltype(&sd_journal_close)>;

Journal open_journal() {
  sd_journal* journal = nullptr;
  if (sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM) < 0) journal = nullptr;
  return Journal(journal, &sd_journal_close);
}

bool add_match(sd_journal* journal, const std::string& match) {
  return sd_journal_add_match(journal, match.data(), match.size()) >= 0;
}

/// (this run's own lines) or (what systemd says of this run)
bool select_run(sd_journal* journal, const std::string& unit, const std::string& invocation_id) {
  if (invocation_id.empty()) {
    return add_match(journal, "_SYSTEMD_UNIT=" + unit) && sd_journal_add_disjunction(journal) >= 0 &&
           add_match(journal, "_PID=1") && add_match(journal, "UNIT=" + unit);
  }
  return add_match(journal, "_SYSTEMD_INVOCATION_ID=" + invocation_id) && sd_journal_add_disjunction(journal) >= 0 &&
         add_match(journal, "_PID=1") && add_match(journal, "INVOCATION_ID=" + invocation_id);
}

std::string line_of(sd_journal* journal) {
  const void* data = nullptr;
  std::size_t size = 0;
  if (sd_journal_get_data(journal, "MESSAGE", &data, &size) < 0) return "";
  std::string_view text(static_cast<const char*>(data), size);
  text.remove_prefix(std::min(text.size(), std::string_view("MESSAGE=").size()));
  std::string line(text.substr(0, limits::journal_tail_line_bytes_max));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return line;
}

std::vector<std::string> read_newest(sd_journal* journal) {
  std::vector<std::string> lines;
  if (sd_journal_seek_tail(journal) < 0) return lines;
  while (lines.size() < limits::journal_tail_lines && sd_journal_previous(journal) > 0)
    lines.push_back(line_of(journal));
  std::reverse(lines.begin(), lines.end());
  return lines;
}

}  // namespace

std::vector<std::string> journal_tail(const std::string& unit, const std::string& invocation_id) {
  const Journal journal = open_journal();
  if (!journal || !select_run(journal.get(), unit, invocation_id)) return {};
  std::vector<std::string> lines = read_newest(journal.get());
  if (!lines.empty()) return lines;
  sd_journal_wait(journal.get(), limits::journal_tail_wait_ms * 1000ull);
  return read_newest(journal.get());
}

}  // namespace switchyard::agent
