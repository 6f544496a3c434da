#include "agent/system/journal_tail.hpp"

#include <systemd/sd-journal.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

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

/// (the unit's own lines) or (what systemd says of it). Not by the run's id: journald does not know it for the lines of
/// a process that has died meanwhile.
bool select_unit(sd_journal* journal, const std::string& unit) {
  return add_match(journal, "_SYSTEMD_UNIT=" + unit) && sd_journal_add_disjunction(journal) >= 0 &&
         add_match(journal, "_PID=1") && add_match(journal, "UNIT=" + unit);
}

std::string field_of(sd_journal* journal, const char* name) {
  const void* data = nullptr;
  std::size_t size = 0;
  if (sd_journal_get_data(journal, name, &data, &size) < 0) return "";
  const std::string_view text(static_cast<const char*>(data), size);
  return std::string(text.substr(std::min(text.size(), text.find('=') + 1)));
}

/// Masked before it is cut and before its control characters go, in which a secret could hide.
std::string line_of(sd_journal* journal, const SecretMask& mask) {
  std::string line = mask.masked(field_of(journal, "MESSAGE")).substr(0, limits::journal_tail_line_bytes_max);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return line;
}

struct Tail {
  std::vector<std::string> lines;
  bool of_the_unit_itself = false;
};

Tail read_newest(sd_journal* journal, const std::string& invocation_id, const SecretMask& mask) {
  Tail tail;
  if (sd_journal_seek_tail(journal) < 0) return tail;
  while (tail.lines.size() < limits::journal_tail_lines && sd_journal_previous(journal) > 0) {
    const bool by_systemd = field_of(journal, "_PID") == "1";
    // systemd's words carry the run's id: with those of another run that run's lines begin.
    const std::string run = by_systemd ? field_of(journal, "INVOCATION_ID") : "";
    if (!run.empty() && !invocation_id.empty() && run != invocation_id) break;
    tail.of_the_unit_itself = tail.of_the_unit_itself || !by_systemd;
    tail.lines.push_back(line_of(journal, mask));
  }
  std::reverse(tail.lines.begin(), tail.lines.end());
  return tail;
}

}  // namespace

std::vector<std::string> journal_tail(const std::string& unit, const std::string& invocation_id,
                                      const SecretMask& mask) {
  const Journal journal = open_journal();
  if (!journal || !select_unit(journal.get(), unit)) return {};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(limits::journal_tail_wait_ms);
  for (;;) {
    Tail tail = read_newest(journal.get(), invocation_id, mask);
    const auto left =
        std::chrono::duration_cast<std::chrono::microseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (tail.of_the_unit_itself || left <= 0) return std::move(tail.lines);
    sd_journal_wait(journal.get(), static_cast<std::uint64_t>(left));
  }
}

}  // namespace switchyard::agent
