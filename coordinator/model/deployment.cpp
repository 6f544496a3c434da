#include "coordinator/model/deployment.hpp"

#include <array>
#include <utility>

namespace switchyard::model {
namespace {

constexpr std::array<std::string_view, 13> state_names = {
    "draft", "approved", "preparing",   "swapping", "holding", "watching", "committing",
    "done",  "aborting", "rolled_back", "stuck",    "paused",  "rejected"};

}  // namespace

std::string_view state_name(DeploymentState state) { return state_names.at(static_cast<std::size_t>(state)); }

std::optional<DeploymentState> state_from_name(std::string_view name) {
  for (std::size_t i = 0; i < state_names.size(); ++i) {
    if (state_names[i] == name) return static_cast<DeploymentState>(i);
  }
  return std::nullopt;
}

bool is_final(DeploymentState state) {
  return state == DeploymentState::done || state == DeploymentState::rolled_back || state == DeploymentState::rejected;
}

namespace {
constexpr const char* undo_field = "undo";
}  // namespace

void mark_undo(TimelineEntry& entry, bool undo) {
  entry.fields.erase(undo_field);
  if (undo) entry.fields[undo_field] = "true";
}

bool is_undo(const TimelineEntry& entry) { return entry.fields.contains(undo_field); }

}  // namespace switchyard::model
