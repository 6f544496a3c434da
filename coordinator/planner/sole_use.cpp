#include "coordinator/planner/sole_use.hpp"

#include <cstdint>
#include <utility>

#include "coordinator/planner/host_history.hpp"
#include "coordinator/planner/traffic_plan.hpp"
#include "coordinator/planner/unit_file.hpp"

namespace switchyard::planner {

namespace {

/// Collects the texts; what is not set is not used.
class Uses {
 public:
  void port(std::uint16_t port) {
    if (port != 0) uses_.push_back("port " + std::to_string(port));
  }
  void unit(const std::string& unit) {
    if (!unit.empty()) uses_.push_back("unit " + unit);
  }
  void server(const std::string& server, const std::string& backend, const std::string& socket) {
    if (!server.empty()) uses_.push_back("HAProxy server " + server + " of backend " + backend + " (" + socket + ")");
  }
  std::vector<std::string> take() { return std::move(uses_); }

 private:
  std::vector<std::string> uses_;
};

/// Both slots are instances of one template, and each deployment uses the one that is free.
std::string template_of(const std::string& unit) {
  const std::size_t at = unit.find('@');
  return at == std::string::npos ? unit : unit.substr(0, at + 1) + ".service";
}

}  // namespace

std::vector<std::string> sole_uses(const model::Component& component) {
  Uses uses;
  for (const std::uint16_t port : {component.ports.stable, component.ports.blue, component.ports.green}) {
    uses.port(port);
  }
  if (!component.service.empty()) {
    uses.unit(component.service.unit.empty() ? component.name + "@.service" : component.service.unit);
  }
  uses.unit(component.adopt_unit);
  if (component.traffic == model::TrafficKind::haproxy) {
    const model::HaproxyPlace& place = component.haproxy;
    for (const std::string& server : {place.blue, place.green}) uses.server(server, place.backend, place.socket);
  }
  return uses.take();
}

std::vector<std::string> sole_uses(const protocol::SliceComponent& deployed, Slots slots) {
  Uses uses;
  if (const protocol::SwitchTraffic* traffic = find_switch(deployed)) {
    uses.port(traffic->stable_port);
    for (const protocol::SwitchTarget& target : traffic->targets) {
      if (slots == Slots::serving && target.slot != deployed.slot) continue;
      uses.port(target.port);
      uses.server(target.server, traffic->haproxy_backend, traffic->haproxy_socket);
    }
  } else if (const protocol::EnsureFile* file = find_unit_file(deployed)) {
    // Without a switch there is one port, which the unit was told.
    uses.port(port_of_unit_file(file->content));
  }
  uses.unit(template_of(deployed.unit.empty() ? deployed.old.unit : deployed.unit));
  return uses.take();
}

}  // namespace switchyard::planner
