#pragma once

#include <cstdint>
#include <string>

#include "coordinator/model/manifest.hpp"
#include "coordinator/planner/variables.hpp"
#include "protocol/step.hpp"

namespace switchyard::planner {

/// Directories of the hosts, as the agents have them.
struct HostLayout {
  std::string components_root;  ///< <root>/<component>/{releases/<id>,shared,current}
  std::string units_root;       ///< where units are written
};

/// One release in one slot of a component: what the unit's and the checks' texts are filled in from.
struct SlotPlace {
  std::string component;
  std::string slot;
  ReleaseId release;
  std::string unit;        ///< api@green.service
  std::uint16_t port = 0;  ///< that the release itself listens on; 0: none
  std::string release_dir;
  std::string shared_dir;
  std::string current_link;

  VariableValues values() const;
};

SlotPlace place_in_slot(const model::Component& component, const std::string& slot, const ReleaseId& release,
                        const HostLayout& layout);

/// The slot that a new release goes to: never the one that serves.
std::string free_slot(const protocol::OldState& serving);

/// The first 12 digits: enough for people.
std::string short_id(const ReleaseId& release);

}  // namespace switchyard::planner
