#include "coordinator/planner/what_runs.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/crypto.hpp"
#include "coordinator/planner/host_history.hpp"
#include "coordinator/planner/traffic_plan.hpp"
#include "coordinator/planner/unit_file.hpp"

namespace switchyard::planner {

namespace {

bool is_in_a_word(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// The port wherever it stands by itself: within a digest the same digits mean nothing.
std::string with_port_named(std::string_view line, const std::string& port) {
  std::string result;
  std::size_t from = 0;
  for (std::size_t at = line.find(port); at != std::string_view::npos; at = line.find(port, from)) {
    const std::size_t end = at + port.size();
    const bool whole = (at == 0 || !is_in_a_word(line[at - 1])) && (end == line.size() || !is_in_a_word(line[end]));
    result += std::string(line.substr(from, at - from)) + (whole ? "${port}" : port);
    from = end;
  }
  return result + std::string(line.substr(from));
}

/// Lines of unit_file() that tell one slot from the other and nothing else.
bool names_the_slot(std::string_view line) {
  return line.starts_with("Description=") || line.starts_with("Environment=SWITCHYARD_SLOT=");
}

/// The unit file as it would be in either slot. `port`: the slot's own, which is said apart; 0: it is no slot's.
std::string in_any_slot(std::string_view content, std::uint16_t port) {
  std::string text;
  while (!content.empty()) {
    const std::size_t end = content.find('\n');
    const std::string_view line = content.substr(0, end);
    content = end == std::string_view::npos ? std::string_view() : content.substr(end + 1);
    if (names_the_slot(line)) continue;
    text += (port == 0 ? std::string(line) : with_port_named(line, std::to_string(port))) + "\n";
  }
  return text;
}

/// api@blue.service and api@green.service are one unit in two slots.
std::string unit_of_both_slots(const std::string& unit) { return unit.substr(0, unit.find('@')); }

std::uint16_t port_in(const Running& running, const std::string& slot) {
  const auto found = running.ports.find(slot);
  return found == running.ports.end() ? std::uint16_t{0} : found->second;
}

}  // namespace

std::optional<Running> what_runs(const protocol::SliceComponent& brought) {
  const protocol::EnsureFile* file = find_unit_file(brought);
  if (brought.release.empty() || file == nullptr) return std::nullopt;
  Running running;
  running.slot = brought.slot;
  if (const protocol::SwitchTraffic* traffic = find_switch(brought)) {
    running.port = port_of_unit_file(file->content);
    for (const protocol::SwitchTarget& target : traffic->targets) running.ports[target.slot] = target.port;
  }
  std::string text = brought.release.str() + "\n" + unit_of_both_slots(brought.unit) + "\n";
  for (const protocol::Step& step : brought.steps) {
    const auto* configuration = std::get_if<protocol::EnsureConfiguration>(&step.action);
    if (configuration != nullptr) text += configuration->digest + " " + configuration->file + "\n";
  }
  running.definition = sha256(text + in_any_slot(file->content, running.port));
  return running;
}

bool runs_the_same(const Running& one, const Running& other) {
  if (one.definition != other.definition) return false;
  if (one.slot == other.slot) return one.port == other.port;
  // A rollback has the table of ports of what it undid, so that one of both has to know the other's.
  return port_in(one, other.slot) == other.port || port_in(other, one.slot) == one.port;
}

bool may_run_the_same(const protocol::SliceComponent* one, const protocol::SliceComponent* other) {
  if (one == nullptr || other == nullptr) return true;
  const auto runs = what_runs(*one);
  const auto others = what_runs(*other);
  return !runs || !others || runs_the_same(*runs, *others);
}

}  // namespace switchyard::planner
