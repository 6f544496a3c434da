#include <algorithm>
#include <map>

#include "cli/api_values.hpp"
#include "cli/audit_pages.hpp"
#include "cli/commands/commands.hpp"

namespace switchyard::cli {
namespace {

void print_witnesses(std::ostream& out, const std::vector<AuditWitness>& witnesses) {
  const auto says_so = [](const AuditWitness& one) { return one.known; };
  out << std::count_if(witnesses.begin(), witnesses.end(), says_so) << " of " << witnesses.size()
      << " hosts bear witness to it.\n";
  for (const AuditWitness& one : witnesses) {
    if (one.known) continue;
    if (!one.head.empty()) {
      out << one.host << " remembers the head " << one.head << ", which is not among them: rows were changed or taken "
          << "away, or it was told so by another coordinator.\n";
    } else if (!one.connected) {
      out << one.host << " is not connected, and was not asked.\n";
    } else {
      out << one.host << " remembers no head yet.\n";
    }
  }
}

void print_verdict(std::ostream& out, const AuditVerdict& verdict) {
  if (verdict.broken_at) {
    out << "Row " << *verdict.broken_at
        << " does not fit: it, or the row directly before it, was changed, or a row was "
        << "taken out or put in there. Rows 1 to " << verdict.rows << " are linked as they were written.\n";
  } else {
    out << "All " << verdict.rows << " rows fit. The chain's head is " << verdict.head << "\n";
    print_witnesses(out, verdict.witnesses);
  }
  if (verdict.head_known == false) {
    out << "The head that you noted is not among them: rows at the end were taken away, or this is another chain.\n";
  }
}

}  // namespace

/// The coordinator only hands out the rows: what they are worth is computed here. What hosts remember is asked first: a
/// head that they are told while the rows are read may be of a row that was not there yet.
ExitStatus run_command(Context& context, const AuditVerify& options) {
  model::AuditCheck check;
  AuditVerdict verdict;
  verdict.witnesses = read_witnesses(context.api.get("/v1/audit/witnesses"));
  std::multimap<std::string, AuditWitness*> by_head;
  for (AuditWitness& witness : verdict.witnesses) by_head.emplace(witness.head, &witness);
  bool head_seen = false;
  for_every_audit_row(context, [&](const model::StoredAudit& row) {
    if (!check.take(row)) return false;
    head_seen = head_seen || row.hash == options.head;
    const auto [first, last] = by_head.equal_range(row.hash);
    std::for_each(first, last, [](const auto& entry) { entry.second->known = true; });
    return true;
  });
  verdict.rows = check.rows();
  verdict.head = check.head();
  verdict.broken_at = check.broken_at();
  if (!options.head.empty()) verdict.head_known = head_seen;
  if (context.console.json) {
    context.console.print_json(write_audit_verdict(verdict));
  } else {
    print_verdict(context.console.out, verdict);
  }
  return verdict.intact() ? ExitStatus::done : ExitStatus::unresolved;
}

}  // namespace switchyard::cli
