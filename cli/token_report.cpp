#include "cli/token_report.hpp"

#include "cli/api_values.hpp"
#include "cli/time_text.hpp"

namespace switchyard::cli {

void report_token(Console& console, const std::string& answer, const std::string& options) {
  if (console.json) {
    console.print_json(answer);
    return;
  }
  const Token token = read_token_made(answer);
  console.out << token.enrolment << "\n";
  console.notes << "On the host, as root: switchyard-agent enroll " << options
                << "STRING && systemctl restart switchyard-agent\nIt works once, until " << date_text(token.expires_ms)
                << ". It is a secret, and is not shown again.\n";
  for (const std::string& component : token.lost) {
    console.notes << "Component " << component
                  << " served there and does not come back by itself: its manifest is not known any more. Deploy it "
                     "again when the new machine has joined.\n";
  }
}

}  // namespace switchyard::cli
