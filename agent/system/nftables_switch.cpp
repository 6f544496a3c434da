#include "agent/system/nftables_switch.hpp"

#include <utility>

#include "agent/system/switch_unit.hpp"
#include "common/error.hpp"
#include "common/file_lock.hpp"
#include "common/log.hpp"

namespace switchyard::agent {
namespace {

constexpr const char* table_family = "inet";
constexpr const char* table_name = "switchyard";

/// The name of the slot behind a port: as the caller knows it, else as it was when the entry was made.
std::string slot_name(std::uint16_t port, const protocol::SwitchTraffic& wanted, const SwitchEntries& known) {
  for (const protocol::SwitchTarget& target : wanted.targets) {
    if (target.port == port) return target.slot;
  }
  if (port == wanted.stable_port) return "legacy";
  const auto entry = known.find(wanted.stable_port);
  if (entry == known.end()) return "";
  for (const protocol::SwitchTarget& target : entry->second.targets) {
    if (target.port == port) return target.slot;
  }
  return "";
}

PortWeights weights_on(const TableReading& reading, std::uint16_t stable_port) {
  const auto found = reading.ports.find(stable_port);
  return found == reading.ports.end() ? PortWeights{} : found->second;
}

}  // namespace

NftablesSwitch::NftablesSwitch(NftablesPaths paths, FileSystem& files, ServiceManager& services, SocketTable& sockets,
                               NftCommand nft)
    : paths_(std::move(paths)),
      ruleset_(paths_.state / "ruleset.nft"),
      files_(files),
      services_(services),
      sockets_(sockets),
      nft_(std::move(nft)) {}

SwitchEntries NftablesSwitch::wanted_entries() const {
  const auto script = files_.read(ruleset_);
  if (!script) return {};
  try {
    return parse_switch_table(*script);
  } catch (const DecodeError& error) {
    throw DecodeError(ruleset_.string() + ": " + error.what() +
                      "; put the line back as it was, or remove it to give the stable port back");
  }
}

void NftablesSwitch::load(const SwitchEntries& entries) const {
  const std::string script = render_switch_table(entries);
  try {
    nft_.load(script);
  } catch (const Error& error) {
    // Somebody made chains of these names with another hook: only then is the table taken down first, since that cuts
    // the redirect of established connections for a moment.
    log::warning("switch table could not be updated; making it anew", {{"error", error.what()}});
    nft_.load("add table inet switchyard\ndelete table inet switchyard\n" + script);
  }
}

SwitchReading NftablesSwitch::read(const protocol::SwitchTraffic& wanted) {
  const SwitchEntries known = wanted_entries();
  const auto listing = nft_.list_table(table_family, table_name);
  const TableReading table = listing ? read_switch_table(*listing) : TableReading{};
  SwitchReading reading;
  for (const auto& [port, weight] : weights_on(table, wanted.stable_port)) {
    reading.targets.push_back({slot_name(port, wanted, known), port, weight, ""});
  }
  const TableReading expected = expected_reading(known);
  const bool nothing_yet = !listing && known.empty();
  reading.durable =
      nothing_yet || (table.whole && weights_on(table, wanted.stable_port) == weights_on(expected, wanted.stable_port));
  return reading;
}

void NftablesSwitch::apply(const protocol::SwitchTraffic& wanted) {
  const SwitchEntry entry = entry_of(wanted);
  const std::lock_guard guard(mutex_);
  files_.create_directories(paths_.state, 0755);
  const FileLock lock(paths_.state / "lock");
  const auto before = files_.read(ruleset_);
  SwitchEntries entries = wanted_entries();
  if (is_empty(entry)) {
    entries.erase(entry.stable_port);
  } else {
    entries[entry.stable_port] = entry;
  }
  const std::string script = render_switch_table(entries);
  if (before != script) files_.write_atomically(ruleset_, script, 0644);
  try {
    ensure_switch_unit(files_, services_, paths_.units, ruleset_);
    load(entries);
  } catch (...) {
    // The kernel is as it was: so must the next boot be.
    if (before && *before != script) files_.write_atomically(ruleset_, *before, 0644);
    if (!before) files_.remove(ruleset_);
    throw;
  }
}

bool NftablesSwitch::restore_if_lost() {
  const std::lock_guard guard(mutex_);
  if (!files_.read(ruleset_)) return false;
  const FileLock lock(paths_.state / "lock");
  const SwitchEntries entries = wanted_entries();
  const auto listing = nft_.list_table(table_family, table_name);
  if (listing && read_switch_table(*listing) == expected_reading(entries)) return false;
  load(entries);
  return true;
}

std::uint64_t NftablesSwitch::connections(const protocol::SwitchTraffic&, const protocol::SwitchTarget& target) {
  return sockets_.connections(target.port);
}

}  // namespace switchyard::agent
