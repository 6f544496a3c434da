#include "agent/system/packet_filter.hpp"

#include <algorithm>

namespace switchyard::agent {
namespace {

/// Redirects happen at this priority of prerouting: an earlier chain still sees the asked port.
constexpr std::int64_t redirect_priority = -110;

std::string table_key(const JsonValue& object) {
  return object.find("family").text + " " + object.find("table").text + " ";
}

bool is_filter_of_incoming(const JsonValue& head) {
  if (!head.find("type").is_text("filter")) return false;
  if (head.find("hook").is_text("input")) return true;
  return head.find("hook").is_text("prerouting") && head.find("prio").number > redirect_priority;
}

bool serves_family(const JsonValue& head, bool ipv6) {
  return head.find("family").is_text("inet") || head.find("family").is_text(ipv6 ? "ip6" : "ip");
}

/// Statements that neither decide nor compare.
bool is_indifferent(const JsonValue& expression) {
  for (const char* name : {"counter", "log", "mangle", "notrack", "comment"}) {
    if (expression.has(name)) return true;
  }
  return false;
}

}  // namespace

PacketFilter::PacketFilter(const JsonValue& ruleset) {
  for (const JsonValue& object : ruleset.find("nftables").items) {
    if (object.has("chain")) {
      const JsonValue& chain = object.find("chain");
      chains_[table_key(chain) + chain.find("name").text].head = &chain;
    } else if (object.has("rule")) {
      const JsonValue& rule = object.find("rule");
      chains_[table_key(rule) + rule.find("chain").text].rules.push_back(&rule);
    } else {
      for (const char* kind : {"set", "map"}) {
        if (object.has(kind))
          sets_[table_key(object.find(kind)) + object.find(kind).find("name").text] = &object.find(kind);
      }
    }
  }
}

PacketFilter::Truth PacketFilter::negate(Truth truth) {
  if (truth == Truth::maybe) return Truth::maybe;
  return truth == Truth::yes ? Truth::no : Truth::yes;
}

const JsonValue& PacketFilter::elements_of(const Walk& walk, const std::string& set) const {
  static const JsonValue none;
  const auto found = sets_.find(walk.table + set);
  return found == sets_.end() ? none : found->second->find("elem");
}

/// Is the number in what a match compares with: a number, a range, a set, a named set?
PacketFilter::Truth PacketFilter::contains(const Walk& walk, const JsonValue& right, std::int64_t number) const {
  if (right.is_number()) return right.number == number ? Truth::yes : Truth::no;
  if (right.has("range")) {
    const auto& ends = right.find("range").items;
    if (ends.size() != 2 || !ends[0].is_number() || !ends[1].is_number()) return Truth::maybe;
    return ends[0].number <= number && number <= ends[1].number ? Truth::yes : Truth::no;
  }
  if (right.has("elem")) return contains(walk, right.find("elem").find("val"), number);
  const bool named = right.kind == JsonValue::Kind::text && right.text.starts_with("@");
  const JsonValue& list = named ? elements_of(walk, right.text.substr(1)) : right.find("set");
  if (!named && list.kind != JsonValue::Kind::array) return Truth::maybe;
  Truth truth = Truth::no;
  for (const JsonValue& item : list.items) truth = std::max(truth, contains(walk, item, number));
  return truth;
}

/// Is the word the one, or among those, that a match compares with?
PacketFilter::Truth PacketFilter::names(const Walk& walk, const JsonValue& right, const std::string& word) const {
  if (right.kind == JsonValue::Kind::text && !right.text.starts_with("@")) {
    return right.text == word ? Truth::yes : Truth::no;
  }
  const bool named = right.kind == JsonValue::Kind::text;
  const JsonValue& list = named                                  ? elements_of(walk, right.text.substr(1))
                          : right.kind == JsonValue::Kind::array ? right
                                                                 : right.find("set");
  if (!named && list.kind != JsonValue::Kind::array) return Truth::maybe;
  Truth truth = Truth::no;
  for (const JsonValue& item : list.items) truth = std::max(truth, names(walk, item, word));
  return truth;
}

/// left == right, for this packet.
PacketFilter::Truth PacketFilter::holds(const Walk& walk, const JsonValue& left, const JsonValue& right) const {
  const FilterPacket& packet = walk.packet;
  const JsonValue& payload = left.find("payload");
  const std::string& protocol = payload.find("protocol").text;
  const std::string& field = payload.find("field").text;
  if ((protocol == "tcp" || protocol == "th") && field == "dport") return contains(walk, right, packet.port);
  if (protocol == "udp" || protocol == "icmp" || protocol == "icmpv6" || protocol == "sctp") return Truth::no;
  if ((protocol == "ip" && packet.ipv6) || (protocol == "ip6" && !packet.ipv6)) return Truth::no;
  if ((protocol == "ip" && field == "protocol") || (protocol == "ip6" && field == "nexthdr")) {
    return names(walk, right, "tcp");
  }
  const std::string& meta = left.find("meta").find("key").text;
  if (meta == "l4proto") return names(walk, right, "tcp");
  if (meta == "nfproto") return names(walk, right, packet.ipv6 ? "ipv6" : "ipv4");
  if (meta == "iif" || meta == "iifname") {
    const Truth loopback = names(walk, right, "lo");
    if (packet.local) return loopback;
    return loopback == Truth::yes && right.is_text("lo") ? Truth::no : Truth::maybe;
  }
  const JsonValue& track = left.find("ct");
  if (track.find("key").is_text("state")) return names(walk, right, "new");
  if (track.find("key").is_text("status") && right.is_text("dnat")) return packet.redirected() ? Truth::yes : Truth::no;
  if (track.find("key").is_text("proto-dst") && track.find("dir").is_text("original")) {
    return contains(walk, right, packet.asked_port);
  }
  const JsonValue& fib = left.find("fib");
  if (fib.find("result").is_text("type") && right.is_text("local")) return Truth::yes;
  return Truth::maybe;
}

PacketFilter::Truth PacketFilter::match(const Walk& walk, const JsonValue& match) const {
  const JsonValue& operation = match.find("op");
  const Truth truth = holds(walk, match.find("left"), match.find("right"));
  if (operation.is_text("==") || operation.is_text("in")) return truth;
  if (operation.is_text("!=")) return negate(truth);
  return Truth::maybe;
}

/// `tcp dport vmap { 80 : accept, 81 : jump other }`
PacketFilter::Truth PacketFilter::verdict_map(Walk& walk, const JsonValue& map, Outcome& outcome, int depth) const {
  const JsonValue& data = map.find("data");
  const bool named = data.kind == JsonValue::Kind::text && data.text.starts_with("@");
  const JsonValue& pairs = named ? elements_of(walk, data.text.substr(1)) : data.find("set");
  for (const JsonValue& pair : pairs.items) {
    if (pair.items.size() != 2) return Truth::maybe;
    const Truth truth = holds(walk, map.find("key"), pair.items[0]);
    if (truth == Truth::maybe) return Truth::maybe;
    if (truth == Truth::yes) return verdict_of(walk, pair.items[1], outcome, depth) ? Truth::yes : Truth::maybe;
  }
  return Truth::no;
}

/// True if the expression is a verdict; `outcome` is then what it leads to.
bool PacketFilter::verdict_of(Walk& walk, const JsonValue& expression, Outcome& outcome, int depth) const {
  if (expression.has("accept")) {
    outcome = Outcome::accepted;
  } else if (expression.has("drop") || expression.has("reject")) {
    outcome = Outcome::dropped;
  } else if (expression.has("return")) {
    outcome = Outcome::returned;
  } else if (expression.has("continue")) {
    outcome = Outcome::goes_on;
  } else if (expression.has("jump")) {
    outcome = follow_chain(walk, expression.find("jump").find("target").text, depth + 1);
    if (outcome == Outcome::returned) outcome = Outcome::goes_on;
  } else if (expression.has("goto")) {
    outcome = follow_chain(walk, expression.find("goto").find("target").text, depth + 1);
    if (outcome == Outcome::goes_on) outcome = Outcome::returned;
  } else {
    return false;
  }
  return true;
}

PacketFilter::Outcome PacketFilter::follow_rule(Walk& walk, const JsonValue& rule, int depth) const {
  bool certain = true;
  for (const JsonValue& expression : rule.find("expr").items) {
    Outcome outcome = Outcome::goes_on;
    if (expression.has("match")) {
      const Truth truth = match(walk, expression.find("match"));
      if (truth == Truth::no) return Outcome::goes_on;
      certain = certain && truth == Truth::yes;
      continue;
    }
    if (is_indifferent(expression)) continue;
    bool decides = false;
    if (expression.has("vmap")) {
      const Truth truth = verdict_map(walk, expression.find("vmap"), outcome, depth);
      if (truth == Truth::no) return Outcome::goes_on;
      decides = truth == Truth::yes;
    } else {
      decides = verdict_of(walk, expression, outcome, depth);
    }
    if (!decides) {
      // Something that is not understood (a limit, a rule of iptables): from here on it may match or not, and may
      // decide.
      certain = false;
      walk.maybe_accepted = walk.maybe_accepted || expression.has("xt") || expression.has("vmap");
      walk.maybe_dropped = walk.maybe_dropped || expression.has("xt") || expression.has("vmap");
      continue;
    }
    if (certain) return outcome;
    // A return that may happen skips what follows, which then is not certain either.
    walk.maybe_accepted = walk.maybe_accepted || outcome == Outcome::accepted || outcome == Outcome::returned;
    walk.maybe_dropped = walk.maybe_dropped || outcome == Outcome::dropped || outcome == Outcome::returned;
    return Outcome::goes_on;
  }
  return Outcome::goes_on;
}

PacketFilter::Outcome PacketFilter::follow_chain(Walk& walk, const std::string& chain, int depth) const {
  const auto found = chains_.find(walk.table + chain);
  if (found == chains_.end() || depth > limits::nft_jumps_max || walk.rules_left <= 0) {
    walk.maybe_accepted = walk.maybe_dropped = true;
    return Outcome::goes_on;
  }
  walk.rules_left -= static_cast<int>(found->second.rules.size());
  for (const JsonValue* rule : found->second.rules) {
    const Outcome outcome = follow_rule(walk, *rule, depth);
    if (outcome != Outcome::goes_on) return outcome;
  }
  return Outcome::goes_on;
}

FilterAnswer PacketFilter::judge_base(const FilterPacket& packet, const Chain& chain) const {
  const JsonValue& head = *chain.head;
  Walk walk{packet, table_key(head)};
  Outcome outcome = follow_chain(walk, head.find("name").text, 0);
  const bool by_policy = outcome == Outcome::goes_on || outcome == Outcome::returned;
  if (by_policy) outcome = head.find("policy").is_text("drop") ? Outcome::dropped : Outcome::accepted;
  FilterAnswer answer;
  answer.where = "table " + head.find("family").text + " " + head.find("table").text + ", chain " +
                 head.find("name").text + (by_policy ? " (its policy)" : "");
  if (outcome == Outcome::dropped) {
    answer.verdict = walk.maybe_accepted ? FilterVerdict::unknown : FilterVerdict::dropped;
  } else {
    answer.verdict = walk.maybe_dropped ? FilterVerdict::unknown : FilterVerdict::accepted;
  }
  return answer;
}

FilterAnswer PacketFilter::judge(const FilterPacket& packet) const {
  FilterAnswer worst;
  for (const auto& [name, chain] : chains_) {
    if (chain.head == nullptr || !is_filter_of_incoming(*chain.head) || !serves_family(*chain.head, packet.ipv6))
      continue;
    FilterAnswer answer = judge_base(packet, chain);
    if (answer.verdict == FilterVerdict::dropped) return answer;
    if (answer.verdict == FilterVerdict::unknown) worst = std::move(answer);
  }
  return worst;
}

std::optional<std::string> PacketFilter::nat_rule_on(std::uint16_t port, const std::string& own_table) const {
  const FilterPacket packet{.port = port, .asked_port = port};
  for (const auto& [name, chain] : chains_) {
    for (const JsonValue* rule : chain.rules) {
      if (rule->find("table").is_text(own_table)) continue;
      const Walk walk{packet, table_key(*rule)};
      bool on_port = false;
      bool takes_it = false;
      for (const JsonValue& expression : rule->find("expr").items) {
        const JsonValue& field = expression.find("match").find("left").find("payload").find("field");
        if (field.is_text("dport")) on_port = match(walk, expression.find("match")) == Truth::yes;
        takes_it = takes_it || expression.has("dnat") || expression.has("redirect") ||
                   (expression.has("xt") && rule->find("table").is_text("nat"));
      }
      if (on_port && takes_it) {
        return "table " + rule->find("family").text + " " + rule->find("table").text + ", chain " +
               rule->find("chain").text;
      }
    }
  }
  return std::nullopt;
}

}  // namespace switchyard::agent
