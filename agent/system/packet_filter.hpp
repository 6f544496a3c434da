#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/system/json_value.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {

/// The first packet of a connection, as the host's filter sees it.
struct FilterPacket {
  bool ipv6 = false;
  bool local = false;            ///< from this host: it comes in by `lo`
  std::uint16_t port = 0;        ///< destination, after a redirect
  std::uint16_t asked_port = 0;  ///< destination before it (`ct original proto-dst`)
  bool redirected() const { return port != asked_port; }
};

/// dropped and accepted are certain. unknown: it hangs on something that cannot be judged here, such as the
/// client's address or a rule of iptables.
enum class FilterVerdict { accepted, dropped, unknown };

/// Where a certain drop happens: "table inet filter, chain input".
struct FilterAnswer {
  FilterVerdict verdict = FilterVerdict::accepted;
  std::string where;
};

/// What this host's filter would do to a packet, worked out from `nft -j list ruleset` by following the rules with
/// three-valued logic; nothing is sent. Rules of the legacy iptables backend are not in that list and so not judged.
/// Plain value, made once for one pre-flight; keeps references into the rule set that it is given. Never throws.
class PacketFilter {
 public:
  explicit PacketFilter(const JsonValue& ruleset);

  FilterAnswer judge(const FilterPacket& packet) const;
  /// "table ip nat, chain DOCKER": a nat rule, not of table `own_table`, that takes the port's packets elsewhere.
  std::optional<std::string> nat_rule_on(std::uint16_t port, const std::string& own_table) const;

 private:
  enum class Truth { no, maybe, yes };
  enum class Outcome { goes_on, returned, accepted, dropped };
  struct Chain {
    const JsonValue* head = nullptr;
    std::vector<const JsonValue*> rules;
  };
  /// What one walk through a base chain has met so far.
  struct Walk {
    const FilterPacket& packet;
    std::string table;  ///< "ip filter "
    bool maybe_accepted = false;
    bool maybe_dropped = false;
    int rules_left = limits::nft_rules_followed_max;
  };

  static Truth negate(Truth truth);
  const JsonValue& elements_of(const Walk& walk, const std::string& set) const;
  Truth contains(const Walk& walk, const JsonValue& right, std::int64_t number) const;
  Truth names(const Walk& walk, const JsonValue& right, const std::string& word) const;
  Truth holds(const Walk& walk, const JsonValue& left, const JsonValue& right) const;
  Truth match(const Walk& walk, const JsonValue& match) const;
  Truth verdict_map(Walk& walk, const JsonValue& map, Outcome& outcome, int depth) const;
  bool verdict_of(Walk& walk, const JsonValue& expression, Outcome& outcome, int depth) const;
  Outcome follow_rule(Walk& walk, const JsonValue& rule, int depth) const;
  Outcome follow_chain(Walk& walk, const std::string& chain, int depth) const;
  FilterAnswer judge_base(const FilterPacket& packet, const Chain& chain) const;

  std::map<std::string, Chain> chains_;           ///< "ip filter input"
  std::map<std::string, const JsonValue*> sets_;  ///< "ip filter ports"
};

}  // namespace switchyard::agent
