#include "cli/keys_report.hpp"

#include <algorithm>

namespace switchyard::cli {

std::string host_list(const std::vector<KeysReport::Host>& hosts) {
  std::string list;
  for (const KeysReport::Host& host : hosts) {
    list += (list.empty() ? "" : ", ") + host.name + (host.connected ? "" : " (away)");
  }
  return list;
}

namespace {

std::string why_missing(const std::vector<KeysReport::Host>& missing) {
  const auto connected = [](const KeysReport::Host& host) { return host.connected; };
  std::string text;
  if (!std::all_of(missing.begin(), missing.end(), connected)) {
    text +=
        " One that is away hears of them when it is back; one that will not come back is left out with --without, "
        "and has to be enrolled anew.";
  }
  if (std::any_of(missing.begin(), missing.end(), connected)) {
    text +=
        " One that is connected is still at work on a step, and knows them when that is done; or its agent is in "
        "SAFE mode, since its journal is damaged; or they could not be written down there, its disk being full or "
        "read-only; or its agent is older than the coordinator, and has to be upgraded. On the host, "
        "`switchyard-agent status` and `journalctl -u switchyard-agent` tell which.";
  }
  return text + "\n";
}

}  // namespace

std::string what_is_waited_for(const KeysReport& report) {
  std::string text;
  if (!report.missing.empty()) {
    text += "These hosts do not know the next keys: " + host_list(report.missing) + "." + why_missing(report.missing);
  }
  if (!report.deployments_at_work.empty()) {
    std::string ids;
    for (const std::string& id : report.deployments_at_work) ids += (ids.empty() ? "" : ", ") + id;
    text += "A deployment is at work: " + ids + ". Its end is waited for.\n";
  }
  return text;
}

}  // namespace switchyard::cli
