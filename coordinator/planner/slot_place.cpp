#include "coordinator/planner/slot_place.hpp"

namespace switchyard::planner {

VariableValues SlotPlace::values() const {
  VariableValues values;
  if (port != 0) values.port = port;
  values.slot = slot;
  values.release_dir = release_dir;
  values.component = component;
  values.shared_dir = shared_dir;
  return values;
}

SlotPlace place_in_slot(const model::Component& component, const std::string& slot, const ReleaseId& release,
                        const HostLayout& layout) {
  const std::string base = layout.components_root + "/" + component.name;
  SlotPlace place;
  place.component = component.name;
  place.slot = slot;
  place.release = release;
  place.unit = component.name + "@" + slot + ".service";
  if (!component.service.unit.empty()) {
    // api@.service becomes api@green.service.
    const std::size_t at = component.service.unit.find('@');
    place.unit = component.service.unit.substr(0, at + 1) + slot + ".service";
  }
  place.port = component.ports.stable;
  if (component.has_switch()) place.port = slot == "green" ? component.ports.green : component.ports.blue;
  place.release_dir = base + "/releases/" + release.str();
  place.shared_dir = base + "/shared";
  place.current_link = base + "/current";
  return place;
}

std::string free_slot(const protocol::OldState& serving) { return serving.slot == "blue" ? "green" : "blue"; }

std::string short_id(const ReleaseId& release) { return release.str().substr(0, 12); }

}  // namespace switchyard::planner
