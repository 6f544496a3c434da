#include "cli/api_values.hpp"
#include "cli/commands/commands.hpp"
#include "cli/table.hpp"
#include "cli/time_text.hpp"

namespace switchyard::cli {
namespace {

std::string page(Context& context, std::uint64_t after, std::size_t limit) {
  return context.api.get("/v1/audit?after=" + std::to_string(after) + "&limit=" + std::to_string(limit));
}

/// Where the newest `limit` entries begin. The numbers of the chain have no gaps, so its end is found by halving: some
/// forty small requests at most, however long it is.
std::uint64_t before_the_newest(Context& context, std::size_t limit) {
  const auto goes_on = [&](std::uint64_t after) { return !read_audit(page(context, after, 1)).empty(); };
  constexpr std::uint64_t chain_max = std::uint64_t{1} << 40;
  std::uint64_t inside = 0;
  std::uint64_t beyond = 1;
  while (beyond < chain_max && goes_on(beyond)) {
    inside = beyond;
    beyond *= 2;
  }
  // goes_on(inside) or the chain is shorter than that; not goes_on(beyond): the last number is in (inside, beyond].
  while (beyond - inside > 1) {
    const std::uint64_t middle = inside + (beyond - inside) / 2;
    (goes_on(middle) ? inside : beyond) = middle;
  }
  return beyond > limit ? beyond - limit : 0;
}

}  // namespace

ExitStatus run_command(Context& context, const AuditList& options) {
  const std::uint64_t after = options.after ? *options.after : before_the_newest(context, options.limit);
  const std::string answer = page(context, after, options.limit);
  if (context.console.json) {
    context.console.print_json(answer);
    return ExitStatus::done;
  }
  Table table({"SEQ", "TIME", "WHO", "WHAT", "ON", "OK", "WHY"});
  for (const AuditEntry& entry : read_audit(answer)) {
    table.add({std::to_string(entry.seq), date_text(entry.wall_ms), entry.principal, entry.operation, entry.object,
               entry.success ? "yes" : "no", entry.reason});
  }
  context.console.out << table.text();
  return ExitStatus::done;
}

}  // namespace switchyard::cli
