#include "coordinator/fleet/refusal_book.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/limits.hpp"
#include "coordinator/fleet/audit.hpp"
#include "protocol/text.hpp"

namespace switchyard::fleet {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;

}  // namespace

void RefusalBook::note(const Turned& turned) {
  std::string key = turned.operation + "\n" + turned.object + "\n" + turned.origin + "\n" + turned.principal;
  const bool room = turned.known || sources_.size() < limits::refusal_sources_max || sources_.contains(key);
  if (!room) key.clear();
  const auto [found, added] = sources_.try_emplace(std::move(key));
  Source& source = found->second;
  const std::uint64_t before = source.turned.count;
  source.turned = room ? turned : Turned{"connection.refuse", "", "others", "too many sources to tell them apart", 0};
  source.turned.count = (added ? 0 : before) + turned.count;
  if (source.since_wall_ms == 0) source.since_wall_ms = clock_.wall_ms();
}

void RefusalBook::write_due() {
  const std::int64_t now = clock_.boot_ms();
  if (rows_this_hour_ == 0 || now - hour_began_boot_ms_ >= hour_ms) {
    hour_began_boot_ms_ = now;
    rows_this_hour_ = 0;
  }
  std::erase_if(sources_, [now](const auto& entry) {
    return entry.second.turned.count == 0 && now >= entry.second.due_boot_ms + entry.second.pause_ms;
  });
  store::Transaction rows;
  std::vector<Source*> written;
  std::size_t strangers = 0;
  for (auto& [key, source] : sources_) {
    if (source.turned.count == 0 || now < source.due_boot_ms) continue;
    if (!source.turned.known) {
      if (rows_this_hour_ + strangers >= limits::refusal_rows_per_hour_max) continue;
      ++strangers;
    }
    rows.push_back(row_of(source));
    written.push_back(&source);
  }
  if (rows.empty()) return;
  store_.commit(rows);
  rows_this_hour_ += strangers;
  for (Source* source : written) {
    source->turned.count = 0;
    source->since_wall_ms = 0;
    source->pause_ms =
        source->pause_ms == 0 ? limits::refusal_row_ms_min : std::min(2 * source->pause_ms, limits::refusal_row_ms_max);
    source->due_boot_ms = now + source->pause_ms;
  }
}

store::AppendAudit RefusalBook::row_of(const Source& source) const {
  const Turned& turned = source.turned;
  store::AppendAudit row =
      audit_row(clock_, {turned.principal, turned.origin, {}, turned.token}, turned.operation, turned.object,
                protocol::clean_text(turned.why, limits::label_bytes_max),
                {{"count", std::to_string(turned.count)}, {"since_wall_ms", std::to_string(source.since_wall_ms)}});
  if (!turned.environment.empty()) row.entry.details.emplace("environment", turned.environment);
  row.entry.success = false;
  return row;
}

}  // namespace switchyard::fleet
