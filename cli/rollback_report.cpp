#include "cli/rollback_report.hpp"

#include <algorithm>

#include "cli/api_client.hpp"

namespace switchyard::cli {
namespace {

std::string comma_list(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

}  // namespace

const RollbackVersion* last_stable(const RollbackLineage& lineage) {
  for (const RollbackVersion& version : lineage.versions) {
    if (version.last_stable) return &version;
  }
  return nullptr;
}

std::string readiness_text(const RollbackVersion& version) {
  const std::size_t there = version.hosts - std::min(version.hosts, version.missing.size() + version.unanswered.size());
  std::string list = std::to_string(there) + " of " + std::to_string(version.hosts) + " hosts";
  if (!version.missing.empty()) list += "; not on " + comma_list(version.missing);
  if (!version.unanswered.empty()) list += "; no answer from " + comma_list(version.unanswered);
  return list;
}

std::string rollback_readiness(const std::vector<RollbackLineage>& all) {
  std::string text;
  for (const RollbackLineage& lineage : all) {
    const RollbackVersion* back = last_stable(lineage);
    if (back == nullptr) continue;
    text += "  " + lineage.environment + " " + lineage.name + ": " + (back->version.empty() ? "-" : back->version) +
            " (" + back->deployment + "), score " + std::to_string(back->score) + ", on " + readiness_text(*back) +
            "\n";
  }
  return text.empty() ? text : "\nA rollback would go back to:\n" + text;
}

std::string rollback_targets_path(const std::string& environment, const std::string& name) {
  std::string path = "/v1/rollback-targets";
  if (!environment.empty()) path += "?environment=" + path_part(environment);
  if (!name.empty()) path += (environment.empty() ? "?name=" : "&name=") + path_part(name);
  return path;
}

}  // namespace switchyard::cli
