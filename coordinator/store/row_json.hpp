#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "coordinator/model/plan.hpp"
#include "coordinator/store/state_store.hpp"

/// The columns that hold JSON. Reading throws StoreError: such a column was written by this program, or is damaged.
/// A key that is missing has its default, so that an older row stays readable; unknown keys are ignored.
namespace switchyard::store {

using TextMap = std::map<std::string, std::string>;

std::string to_json(const TextMap& map);
TextMap text_map_from_json(const std::string& json);

std::string to_json(const std::vector<HostId>& hosts);
std::vector<HostId> hosts_from_json(const std::string& json);

std::string to_json(const std::vector<std::string>& texts);
std::vector<std::string> texts_from_json(const std::string& json);

using NamesOfHosts = std::map<HostId, std::vector<std::string>>;
std::string to_json(const NamesOfHosts& names);
NamesOfHosts names_of_hosts_from_json(const std::string& json);

std::string to_json(const std::vector<model::ApprovalVote>& votes);
std::vector<model::ApprovalVote> votes_from_json(const std::string& json);

std::string to_json(const std::vector<model::Failure>& failures);
std::vector<model::Failure> failures_from_json(const std::string& json);

std::string to_json(const std::vector<model::PlanNode>& nodes);
std::vector<model::PlanNode> nodes_from_json(const std::string& json);

std::string to_json(const model::PlanSettings& settings);
model::PlanSettings settings_from_json(const std::string& json);

std::string artifacts_to_json(const PutSource& source);
std::string options_to_json(const PutSource& source);
void read_source_json(const std::string& artifacts, const std::string& options, PutSource& source);

}  // namespace switchyard::store
