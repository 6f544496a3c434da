#include "agent/inventory/inventory.hpp"

#include <algorithm>
#include <fstream>
#include <system_error>
#include <utility>

#include "agent/executors/release_tree.hpp"
#include "agent/executors/release_use.hpp"
#include "common/error.hpp"

namespace switchyard::agent {
namespace {

/// Slots that a component can have; `main` is that of a component which is recreated in place.
constexpr const char* slots[] = {"blue", "green", "main"};
/// A unit file that we write has one or two thousand.
constexpr std::size_t unit_file_bytes_max = 64 * 1024;

std::string unit_of(const protocol::InventoryQuestion& question, const std::string& slot) {
  // api@.service becomes api@green.service.
  const std::size_t at = question.unit.find('@');
  const std::string stem = at == std::string::npos ? question.component : question.unit.substr(0, at);
  return stem + "@" + slot + ".service";
}

bool runs(const UnitStatus& status) {
  return status.active_state == "active" || status.active_state == "reloading" || status.active_state == "activating";
}

/// The slot that gets the most new connections; between equals the first.
const protocol::SwitchTarget* main_target(const SwitchReading& reading) {
  const auto most = std::max_element(reading.targets.begin(), reading.targets.end(),
                                     [](const auto& left, const auto& right) { return left.weight < right.weight; });
  return most == reading.targets.end() ? nullptr : &*most;
}

}  // namespace

InventoryReader::InventoryReader(HostPaths paths, ServiceManager& services, const TrafficSwitches& switches,
                                 SocketTable& sockets, std::filesystem::path proc)
    : paths_(std::move(paths)), services_(services), switches_(switches), sockets_(sockets), proc_(std::move(proc)) {}

protocol::InventoryReply InventoryReader::answer(const protocol::Inventory& inventory) {
  protocol::InventoryReply reply;
  reply.request = inventory.request;
  for (const protocol::InventoryQuestion& question : inventory.questions) reply.components.push_back(fact(question));
  std::error_code none_yet;
  std::filesystem::path present = paths_.components;
  while (!std::filesystem::exists(present, none_yet) && present.has_relative_path()) present = present.parent_path();
  reply.free_bytes = std::filesystem::space(present, none_yet).available;
  if (none_yet) reply.free_bytes = 0;
  return reply;
}

protocol::ComponentFact InventoryReader::fact(const protocol::InventoryQuestion& question) {
  protocol::ComponentFact fact;
  fact.component = question.component;
  try {
    fact.releases = releases(question.component);
    read_serving(question, fact);
    if (fact.serving.kind == protocol::OldKind::release) look_at_serving(fact);
  } catch (const Error& error) {
    fact.serving = {};
    fact.problem = error.what();
  }
  return fact;
}

void InventoryReader::read_serving(const protocol::InventoryQuestion& question, protocol::ComponentFact& fact) {
  if (question.traffic.kind != protocol::SwitchKind::none) {
    const SwitchReading reading = switches_.of(question.traffic.kind).read(question.traffic);
    const protocol::SwitchTarget* target = main_target(reading);
    if (target != nullptr && target->slot.empty()) {
      fact.problem = "the switch leads to port " + std::to_string(target->port) + ", which is no slot of " +
                     question.component + ": did its ports change in the manifest? Deploy with the old ones once more";
      return;
    }
    if (target != nullptr && target->slot != "legacy") {
      const SlotUnit slot = read_slot(question, target->slot);
      // A unit that is gone, and yet its port is served: somebody else's process has the slot.
      if (slot.status.load_state == "loaded") return serve_slot(question, slot, fact);
      return serve_stranger(question, *target, fact);
    }
  } else if (const auto slot = running_slot(question)) {
    return serve_slot(question, *slot, fact);
  }
  // No entry: a slot that only waits for its traffic does not serve. On haproxy's stable port haproxy itself listens.
  const bool behind_proxy = question.traffic.kind == protocol::SwitchKind::haproxy;
  const std::uint16_t port = behind_proxy ? std::uint16_t{0} : question.stable_port;
  serve_stranger(question, {"legacy", port, 0, ""}, fact);
}

InventoryReader::SlotUnit InventoryReader::read_slot(const protocol::InventoryQuestion& question,
                                                     const std::string& slot) {
  SlotUnit read{slot, unit_of(question, slot), {}};
  read.status = services_.status(read.unit);
  return read;
}

/// Without a switch: the slot whose unit runs; else the one that would run after a boot.
std::optional<InventoryReader::SlotUnit> InventoryReader::running_slot(const protocol::InventoryQuestion& question) {
  std::optional<SlotUnit> enabled;
  for (const char* name : slots) {
    SlotUnit slot = read_slot(question, name);
    if (runs(slot.status)) return slot;
    if (!enabled && slot.status.unit_file_state == "enabled") enabled = std::move(slot);
  }
  return enabled;
}

void InventoryReader::serve_slot(const protocol::InventoryQuestion& question, const SlotUnit& slot,
                                 protocol::ComponentFact& fact) {
  fact.unit_state = slot.status.active_state;
  fact.enablement = slot.status.unit_file_state;
  fact.configuration = configuration_of(question.component, slot.unit);
  fact.serving.kind = protocol::OldKind::release;
  fact.serving.slot = slot.slot;
  fact.serving.unit = slot.unit;
  fact.serving.release = release_of(question.component, slot.status);
  if (fact.serving.release.empty()) {
    fact.problem = slot.unit +
                   " is the slot that serves, but neither its process nor its WorkingDirectory lies in a "
                   "release of " +
                   question.component + ": which release it runs is unknown";
  }
}

void InventoryReader::serve_stranger(const protocol::InventoryQuestion& question, const protocol::SwitchTarget& place,
                                     protocol::ComponentFact& fact) {
  const UnitStatus unit = question.legacy_unit.empty() ? UnitStatus{} : services_.status(question.legacy_unit);
  const bool listening = place.port != 0 && !sockets_.listeners(place.port).empty();
  if (!runs(unit) && !listening) return;
  fact.serving.kind = protocol::OldKind::legacy;
  fact.serving.slot = place.slot;
  if (runs(unit)) fact.serving.unit = question.legacy_unit;
  fact.unit_state = unit.active_state;
}

ReleaseId InventoryReader::release_of(const std::string& component, const UnitStatus& status) const {
  return release_of_unit(paths_, component, status, proc_).value_or(ReleaseId());
}

/// Of the unit file that a deployment wrote, or its drop-in: it names the directory, which is called after the digest.
std::string InventoryReader::configuration_of(const std::string& component, const std::string& unit) const {
  const std::string directory = "/" + component + "/configuration/";
  for (const char* file : {"", ".d/50-switchyard.conf"}) {
    std::string text(unit_file_bytes_max, '\0');
    std::ifstream opened(paths_.units / (unit + file), std::ios::binary);
    opened.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(opened.gcount()));
    const std::size_t at = text.find(directory);
    if (at == std::string::npos) continue;
    const std::size_t begin = at + directory.size();
    const std::size_t end = text.find_first_not_of("0123456789abcdef", begin);
    if (end != std::string::npos && end > begin && text[end] == '/') return text.substr(begin, end - begin);
  }
  return {};
}

/// What serves is complete only if it is what was unpacked once: files may be missing beneath a process that runs on.
void InventoryReader::look_at_serving(protocol::ComponentFact& fact) const {
  if (fact.serving.release.empty()) return;
  const std::optional<ReleaseStore> store = ReleaseStore::find(paths_.components, fact.component);
  const bool intact = store && store->seems_intact(fact.serving.release);
  const auto found = std::find_if(fact.releases.begin(), fact.releases.end(),
                                  [&](const auto& release) { return release.release == fact.serving.release; });
  if (found != fact.releases.end()) {
    found->complete = intact;
  } else {
    fact.releases.push_back({fact.serving.release, intact});
  }
}

std::vector<protocol::ReleaseFact> InventoryReader::releases(const std::string& component) const {
  std::vector<protocol::ReleaseFact> facts;
  const std::optional<ReleaseStore> store = ReleaseStore::find(paths_.components, component);
  if (!store) return facts;
  for (const ReleaseId& release : store->releases()) facts.push_back({release, store->is_complete(release)});
  return facts;
}

}  // namespace switchyard::agent
