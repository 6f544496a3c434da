#include "agent/system/switch_table.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "common/error.hpp"
#include "common/ids.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

/// Before -100 (dstnat), where Docker and firewalld hook their own: of two nat rules for one packet the first wins.
constexpr std::int64_t hook_priority = -110;
constexpr std::uint32_t weight_sum = 100;
constexpr std::string_view entry_mark = "# switch ";

std::string text_of(std::uint64_t number) { return std::to_string(number); }

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Splits at a separator; empty pieces are kept.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const std::size_t end = text.find(separator);
    pieces.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

/// The pieces are views: of a temporary they would outlive the text.
std::vector<std::string_view> split(std::string&& text, char separator) = delete;

PortWeights weights_of(const SwitchEntry& entry) {
  PortWeights weights;
  for (const protocol::SwitchTarget& target : entry.targets) weights[target.port] += target.weight;
  return weights;
}

/// `0-9 : 5002, 10-99 : 5003`
std::string shares_text(const PortWeights& weights) {
  std::string text;
  std::uint32_t first = 0;
  for (const auto& [port, weight] : weights) {
    const std::uint32_t last = first + weight - 1;
    if (!text.empty()) text += ", ";
    text += text_of(first);
    if (last != first) text += "-" + text_of(last);
    text += " : " + text_of(port);
    first = last + 1;
  }
  return text;
}

std::string entry_line(const SwitchEntry& entry) {
  std::string line = std::string(entry_mark) + "stable=" + text_of(entry.stable_port) + " component=" + entry.component;
  for (const protocol::SwitchTarget& target : entry.targets) {
    line += " slot=" + target.slot + ":" + text_of(target.port) + ":" + text_of(target.weight);
  }
  return line + "\n";
}

std::optional<protocol::SwitchTarget> parse_target(std::string_view text) {
  const auto pieces = split(text, ':');
  if (pieces.size() != 3) return std::nullopt;
  const auto port = number_of<std::uint16_t>(pieces[1]);
  const auto weight = number_of<std::uint32_t>(pieces[2]);
  if (!port || !weight) return std::nullopt;
  protocol::SwitchTarget target;
  target.slot = std::string(pieces[0]);
  target.port = *port;
  target.weight = *weight;
  return target;
}

std::optional<SwitchEntry> parse_entry_line(std::string_view line) {
  SwitchEntry entry;
  for (const std::string_view word : split(line, ' ')) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view key = word.substr(0, equals);
    const std::string_view value = word.substr(equals + 1);
    if (key == "stable") {
      entry.stable_port = number_of<std::uint16_t>(value).value_or(0);
    } else if (key == "component") {
      entry.component = std::string(value);
    } else if (key == "slot") {
      const auto target = parse_target(value);
      if (!target) return std::nullopt;
      entry.targets.push_back(*target);
    }
  }
  if (entry.stable_port == 0 || !is_name(entry.component) || is_empty(entry)) return std::nullopt;
  return entry;
}

// --- what the kernel says
// ----------------------------------------------------------------------------------------------

std::optional<std::uint16_t> port_of(const JsonValue& value) {
  if (!value.is_number() || value.number < 1 || value.number > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(value.number);
}

/// The port that a rule's match on `tcp dport` names, if it has one.
std::optional<std::uint16_t> matched_port(const JsonValue& expressions) {
  for (const JsonValue& expression : expressions.items) {
    const JsonValue& match = expression.find("match");
    if (match.find("left").find("payload").find("field").is_text("dport")) return port_of(match.find("right"));
  }
  return std::nullopt;
}

/// The `map` of a rule's redirect; null if it redirects otherwise.
const JsonValue& redirect_map(const JsonValue& expressions) {
  for (const JsonValue& expression : expressions.items) {
    if (expression.has("redirect")) return expression.find("redirect").find("port").find("map");
  }
  static const JsonValue nothing;
  return nothing;
}

std::optional<PortWeights> read_shares(const JsonValue& pairs) {
  PortWeights weights;
  for (const JsonValue& pair : pairs.items) {
    if (pair.items.size() != 2) return std::nullopt;
    const JsonValue& range = pair.items[0].find("range");
    const auto port = port_of(pair.items[1]);
    if (!port) return std::nullopt;
    if (pair.items[0].is_number()) {
      weights[*port] += 1;
    } else if (range.items.size() == 2 && range.items[0].is_number() && range.items[1].is_number()) {
      weights[*port] += static_cast<std::uint32_t>(range.items[1].number - range.items[0].number + 1);
    } else {
      return std::nullopt;
    }
  }
  return weights;
}

struct ChainReading {
  bool hooked = false;
  bool looks_into_map = false;
  bool strange = false;  ///< a rule that we did not write
  std::map<std::uint16_t, PortWeights> weighted;
};

void read_chain(const JsonValue& chain, ChainReading& reading) {
  reading.hooked = chain.find("type").is_text("nat") && chain.find("prio").is_number() &&
                   chain.find("prio").number == hook_priority && chain.find("hook").text == chain.find("name").text;
}

void read_rule(const JsonValue& rule, ChainReading& reading) {
  const JsonValue& expressions = rule.find("expr");
  const JsonValue& map = redirect_map(expressions);
  if (map.find("data").is_text("@live")) {
    reading.looks_into_map = true;
    return;
  }
  const auto port = matched_port(expressions);
  const auto shares = read_shares(map.find("data").find("set"));
  if (port && shares && !shares->empty() && map.find("key").has("numgen")) {
    reading.weighted[*port] = *shares;
  } else {
    reading.strange = true;
  }
}

}  // namespace

SwitchEntry entry_of(const protocol::SwitchTraffic& wanted) {
  SwitchEntry entry{wanted.stable_port, wanted.component, {}};
  const std::string where = "the switch of component " + wanted.component + ": ";
  if (wanted.stable_port == 0) throw InputError(where + "nftables needs a stable port");
  if (!is_name(wanted.component)) throw InputError(where + "this is no valid name");
  std::uint32_t sum = 0;
  for (const protocol::SwitchTarget& target : wanted.targets) {
    if (target.weight == 0) continue;
    if (target.port == 0) throw InputError(where + "slot " + target.slot + " has no port");
    if (!is_name(target.slot)) throw InputError(where + "a slot's name is not valid");
    for (const protocol::SwitchTarget& other : entry.targets) {
      if (other.port == target.port) {
        throw InputError(where + "slots " + other.slot + " and " + target.slot + " share port " + text_of(target.port));
      }
    }
    sum += target.weight;
    entry.targets.push_back({target.slot, target.port, target.weight, ""});
  }
  if (!entry.targets.empty() && sum != weight_sum) {
    throw InputError(where + "the weights add up to " + text_of(sum) + ", and not to 100");
  }
  std::sort(entry.targets.begin(), entry.targets.end(),
            [](const auto& left, const auto& right) { return left.port < right.port; });
  return entry;
}

bool is_empty(const SwitchEntry& entry) {
  return std::all_of(entry.targets.begin(), entry.targets.end(),
                     [&](const auto& target) { return target.port == entry.stable_port; });
}

std::string render_switch_table(const SwitchEntries& entries) {
  const std::string table = " inet switchyard";
  std::string script =
      "# Written by switchyard-agent: where each stable port's connections go. Loading this file with nft -f puts the\n"
      "# table back as it should be, in one step; switchyard-switch.service does so at boot.\n";
  std::string elements;
  std::string rules;
  for (const auto& [stable_port, entry] : entries) {
    script += entry_line(entry);
    const PortWeights weights = weights_of(entry);
    if (weights.size() == 1) {
      if (!elements.empty()) elements += ", ";
      elements += text_of(stable_port) + " : " + text_of(weights.begin()->first);
      continue;
    }
    for (const char* chain : {" prerouting", " output"}) {
      rules += "add rule" + table + chain + " fib daddr type local tcp dport " + text_of(stable_port) +
               " redirect to :numgen random mod 100 map { " + shares_text(weights) + " }\n";
    }
  }
  script += "add table" + table + "\n";
  script += "add map" + table + " live { type inet_service : inet_service; }\n";
  for (const std::string chain : {" prerouting", " output"}) {
    script += "add chain" + table + chain + " { type nat hook" + chain + " priority " + std::to_string(hook_priority) +
              "; policy accept; }\n";
    script += "flush chain" + table + chain + "\n";
  }
  script += "flush map" + table + " live\n";
  if (!elements.empty()) script += "add element" + table + " live { " + elements + " }\n";
  script += rules;
  for (const char* chain : {" prerouting", " output"}) {
    script += "add rule" + table + chain + " fib daddr type local meta l4proto tcp redirect to :tcp dport map @live\n";
  }
  return script;
}

SwitchEntries parse_switch_table(std::string_view script) {
  SwitchEntries entries;
  std::size_t number = 0;
  for (const std::string_view line : split(script, '\n')) {
    ++number;
    if (!line.starts_with(entry_mark)) continue;
    const auto entry = parse_entry_line(line.substr(entry_mark.size()));
    if (!entry || entries.size() >= limits::switch_entries_max || !entries.emplace(entry->stable_port, *entry).second) {
      throw DecodeError("line " + text_of(number) + " is not a switch entry that this version wrote");
    }
  }
  return entries;
}

TableReading expected_reading(const SwitchEntries& entries) {
  TableReading reading;
  reading.whole = true;
  for (const auto& [stable_port, entry] : entries) reading.ports[stable_port] = weights_of(entry);
  return reading;
}

TableReading read_switch_table(const JsonValue& listing) {
  std::map<std::string, ChainReading> chains;
  TableReading reading;
  for (const JsonValue& object : listing.find("nftables").items) {
    if (object.has("chain")) {
      const JsonValue& chain = object.find("chain");
      read_chain(chain, chains[chain.find("name").text]);
    } else if (object.has("rule")) {
      const JsonValue& rule = object.find("rule");
      read_rule(rule, chains[rule.find("chain").text]);
    } else if (object.find("map").find("name").is_text("live")) {
      for (const JsonValue& pair : object.find("map").find("elem").items) {
        if (pair.items.size() != 2) continue;
        const auto from = port_of(pair.items[0]);
        const auto to = port_of(pair.items[1]);
        if (from && to) reading.ports[*from] = {{*to, weight_sum}};
      }
    }
  }
  const ChainReading& outside = chains["prerouting"];
  const ChainReading& local = chains["output"];
  const auto sound = [](const ChainReading& chain) { return chain.hooked && chain.looks_into_map && !chain.strange; };
  reading.whole = sound(outside) && sound(local) && outside.weighted == local.weighted;
  for (const auto& [port, weights] : outside.weighted) reading.ports[port] = weights;
  return reading;
}

}  // namespace switchyard::agent
