#include "coordinator/fleet/audit_text_log.hpp"

#include <charconv>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "coordinator/store/audit_line.hpp"

namespace switchyard::fleet {

std::optional<std::uint64_t> last_row_in(std::string_view text) {
  constexpr std::string_view key = "\"seq\":\"";
  const std::size_t end = text.rfind('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::size_t at = text.substr(0, end).rfind(key);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(at + key.size());
  std::uint64_t row = 0;
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), row);
  if (error != std::errc() || rest == digits.data() + digits.size() || *rest != '"') return std::nullopt;
  return row;
}

/// The numbers of the chain have no gaps, so its end is found by halving.
std::uint64_t AuditTextLog::newest() const {
  const auto goes_on = [this](std::uint64_t after) { return !store_.audit(after, 1).empty(); };
  std::uint64_t inside = 0;
  std::uint64_t beyond = 1;
  while (beyond < limits::audit_rows_max && goes_on(beyond)) {
    inside = beyond;
    beyond *= 2;
  }
  while (beyond - inside > 1) {
    const std::uint64_t middle = inside + (beyond - inside) / 2;
    (goes_on(middle) ? inside : beyond) = middle;
  }
  return goes_on(inside) ? beyond : inside;
}

void AuditTextLog::begin(std::optional<std::uint64_t> after) {
  const std::uint64_t last = newest();
  // A number beyond the end is of another store: this one's rows begin here.
  written_ = after && *after <= last ? *after : last;
  follow();
}

void AuditTextLog::follow() {
  timers_.set("audit/text", limits::audit_text_ms, [this] {
    try {
      write_next();
    } catch (const StaleEpochError&) {
      throw;
    } catch (const Error& error) {
      log::warning("the audit was not read for its text log", {{"why", error.what()}});
    }
    follow();
  });
}

void AuditTextLog::write_next() {
  if (writing_) return;
  std::string lines;
  std::uint64_t last = written_;
  for (const store::StoredAudit& row : store_.audit(written_, limits::audit_text_rows_max)) {
    lines += store::audit_line(row) + "\n";
    last = row.seq;
  }
  if (lines.empty()) return;
  writing_ = true;
  append_(std::move(lines), [this, last](bool appended) {
    writing_ = false;
    if (appended) written_ = last;
    if (!appended && !failing_) log::warning("the audit's text log cannot be written; its lines follow later", {});
    failing_ = !appended;
  });
}

}  // namespace switchyard::fleet
