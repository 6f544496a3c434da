#include "cli/keys_report.hpp"

namespace switchyard::cli {

std::string host_list(const std::vector<KeysReport::Host>& hosts) {
  std::string list;
  for (const KeysReport::Host& host : hosts) {
    list += (list.empty() ? "" : ", ") + host.name + (host.connected ? "" : " (away)");
  }
  return list;
}

std::string what_is_waited_for(const KeysReport& report) {
  std::string text;
  if (!report.missing.empty()) {
    text += "These hosts do not know the next keys: " + host_list(report.missing) +
            ". One that is away hears of them when it is back; one whose agent is older than the coordinator has to be "
            "upgraded; one that will not come back is left out with --without, and has to be enrolled anew.\n";
  }
  if (!report.deployments_at_work.empty()) {
    std::string ids;
    for (const std::string& id : report.deployments_at_work) ids += (ids.empty() ? "" : ", ") + id;
    text += "A deployment is at work: " + ids + ". Its end is waited for.\n";
  }
  return text;
}

}  // namespace switchyard::cli
