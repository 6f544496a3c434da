#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/system/json_value.hpp"
#include "protocol/step.hpp"

/// The table `inet switchyard`, in its three forms: what is wanted (entries), the script that makes it so, and what the
/// kernel says. Pure functions over values.
///
/// The table has one map `live` {stable port : slot port} and two nat chains, prerouting (clients from outside) and
/// output (clients on this host), each with one rule that looks a packet's port up in the map. A stable port with more
/// than one weight has, before that rule, one of its own that draws a number from 0 to 99. Only the first packet
/// of a connection meets these rules, so a connection stays with its slot until it ends.
namespace switchyard::agent {

struct SwitchEntry {
  std::uint16_t stable_port = 0;
  std::string component;
  std::vector<protocol::SwitchTarget> targets;  ///< weight > 0 only; a target on the stable port itself is `legacy`
  bool operator==(const SwitchEntry&) const = default;
};

/// By stable port.
using SwitchEntries = std::map<std::uint16_t, SwitchEntry>;

/// Slot port -> weight, of one stable port.
using PortWeights = std::map<std::uint16_t, std::uint32_t>;

/// What a table does, stripped of names.
struct TableReading {
  bool whole = false;  ///< both chains are hooked and look into the map
  std::map<std::uint16_t, PortWeights> ports;
  bool operator==(const TableReading&) const = default;
};

/// Keeps what matters of a wanted switch: no zero weights. Throws InputError when weights do not add up to 100, or
/// ports are missing or used twice.
SwitchEntry entry_of(const protocol::SwitchTraffic& wanted);
/// True if nothing is to be redirected: no target at all, or only `legacy`.
bool is_empty(const SwitchEntry& entry);

/// A whole file for `nft -f`: loading it leaves exactly these entries, whatever was there before, in one
/// transaction. Its comment lines say which component and slots the ports belong to.
std::string render_switch_table(const SwitchEntries& entries);
/// The inverse, by the comment lines. Throws DecodeError with the line's number.
SwitchEntries parse_switch_table(std::string_view script);

/// What the kernel should say when these entries are in force.
TableReading expected_reading(const SwitchEntries& entries);
/// What `nft -j list table inet switchyard` says. Rules that are not ours make it not whole.
TableReading read_switch_table(const JsonValue& listing);

}  // namespace switchyard::agent
