#include "agent/system/switch_table.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "common/error.hpp"

namespace switchyard::agent {
namespace {

protocol::SwitchTraffic traffic(std::vector<protocol::SwitchTarget> targets) {
  protocol::SwitchTraffic wanted;
  wanted.component = "api";
  wanted.kind = protocol::SwitchKind::nftables;
  wanted.stable_port = 80;
  wanted.targets = std::move(targets);
  return wanted;
}

TEST(SwitchEntry, KeepsOnlyTargetsThatGetConnections) {
  const SwitchEntry entry = entry_of(traffic({{"blue", 8081, 0, ""}, {"green", 8082, 100, ""}}));
  ASSERT_EQ(entry.targets.size(), 1u);
  EXPECT_EQ(entry.targets[0].slot, "green");
  EXPECT_FALSE(is_empty(entry));
}

TEST(SwitchEntry, IsEmptyWhenTheStablePortKeepsItsOwnListener) {
  EXPECT_TRUE(is_empty(entry_of(traffic({{"blue", 8081, 0, ""}}))));
  EXPECT_TRUE(is_empty(entry_of(traffic({{"legacy", 80, 100, ""}}))));
}

TEST(SwitchEntry, RefusesWeightsThatAreNoWhole) {
  EXPECT_THROW(entry_of(traffic({{"blue", 8081, 90, ""}})), InputError);
  EXPECT_THROW(entry_of(traffic({{"blue", 8081, 90, ""}, {"green", 8082, 20, ""}})), InputError);
}

TEST(SwitchEntry, RefusesPortsAndNamesThatCannotBe) {
  EXPECT_THROW(entry_of(traffic({{"blue", 0, 100, ""}})), InputError);
  EXPECT_THROW(entry_of(traffic({{"blue", 8081, 50, ""}, {"green", 8081, 50, ""}})), InputError);
  EXPECT_THROW(entry_of(traffic({{"blue\n", 8081, 100, ""}})), InputError);
  auto wanted = traffic({{"blue", 8081, 100, ""}});
  wanted.component = "api\nflush ruleset";
  EXPECT_THROW(entry_of(wanted), InputError);
  wanted = traffic({{"blue", 8081, 100, ""}});
  wanted.stable_port = 0;
  EXPECT_THROW(entry_of(wanted), InputError);
}

RC_GTEST_PROP(SwitchTable, ReadsBackEveryEntryThatItWrites, ()) {
  SwitchEntries entries;
  const auto ports = *rc::gen::container<std::set<std::uint16_t>>(rc::gen::inRange<std::uint16_t>(1, 65535));
  for (const std::uint16_t port : ports) {
    const auto blue = *rc::gen::inRange<std::uint32_t>(1, 101);
    SwitchEntry entry{port, *rc::gen::element<std::string>("api", "web-1", "a.b"), {}};
    const auto slot_port = static_cast<std::uint16_t>(port == 65535 ? 1 : port + 1);
    entry.targets.push_back({"blue", slot_port, blue, ""});
    if (blue < 100) entry.targets.push_back({"legacy", port, 100 - blue, ""});
    entries[port] = entry;
  }
  RC_PRE(entries.size() <= 200u);
  RC_ASSERT(parse_switch_table(render_switch_table(entries)) == entries);
}

TEST(SwitchTable, AnEmptyTableKeepsItsHooksSoThatOldConnectionsGoOn) {
  const std::string script = render_switch_table({});
  EXPECT_NE(script.find("add chain inet switchyard prerouting"), std::string::npos);
  EXPECT_EQ(script.find("delete"), std::string::npos);
  EXPECT_EQ(script.find("add element"), std::string::npos);
}

TEST(SwitchTable, RefusesLinesThatItDidNotWrite) {
  EXPECT_THROW(parse_switch_table("# switch stable=0 component=api slot=blue:1:100\n"), DecodeError);
  EXPECT_THROW(parse_switch_table("# switch stable=80 component=../x slot=blue:1:100\n"), DecodeError);
  EXPECT_THROW(parse_switch_table("# switch stable=80 component=api slot=blue:x:100\n"), DecodeError);
  EXPECT_THROW(parse_switch_table("# switch stable=80 component=api slot=blue:1:100\n"
                                  "# switch stable=80 component=web slot=blue:2:100\n"),
               DecodeError);
  EXPECT_TRUE(parse_switch_table("# a remark of a person\nadd table inet switchyard\n").empty());
}

/// As nft 1.0.6 prints it.
constexpr const char* listing = R"({"nftables": [{"metainfo": {"version": "1.0.6"}},
 {"table": {"family": "inet", "name": "switchyard", "handle": 1}},
 {"map": {"family": "inet", "name": "live", "table": "switchyard", "type": "inet_service", "map": "inet_service",
   "elem": [[80, 8081], [443, 8443]]}},
 {"chain": {"family": "inet", "table": "switchyard", "name": "prerouting", "type": "nat",
    "hook": "prerouting", "prio": -110}},
 {"chain": {"family": "inet", "table": "switchyard", "name": "output", "type": "nat", "hook": "output", "prio": -110}},
 {"rule": {"chain": "prerouting", "expr": [{"match": {"op": "==", "left": {"fib": {"result": "type",
    "flags": ["daddr"]}}, "right": "local"}},
   {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 8080}},
   {"redirect": {"port": {"map": {"key": {"numgen": {"mode": "random", "mod": 100, "offset": 0}},
     "data": {"set": [[{"range": [0, 98]}, 8090], [99, 8091]]}}}}}]}},
 {"rule": {"chain": "prerouting",
    "expr": [{"redirect": {"port": {"map": {"key": {"payload": {"protocol": "tcp", "field": "dport"}},
    "data": "@live"}}}}]}},
 {"rule": {"chain": "output", "expr": [
   {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 8080}},
   {"redirect": {"port": {"map": {"key": {"numgen": {"mode": "random", "mod": 100, "offset": 0}},
     "data": {"set": [[{"range": [0, 98]}, 8090], [99, 8091]]}}}}}]}},
 {"rule": {"chain": "output", "expr": [{"redirect": {"port": {"map": {"key": {"payload": {"protocol": "tcp",
    "field": "dport"}}, "data": "@live"}}}}]}}
]})";

TEST(SwitchTable, ReadsWhatTheKernelSays) {
  const TableReading reading = read_switch_table(parse_json(listing));
  EXPECT_TRUE(reading.whole);
  EXPECT_EQ(reading.ports, (std::map<std::uint16_t, PortWeights>{
                               {80, {{8081, 100}}}, {443, {{8443, 100}}}, {8080, {{8090, 99}, {8091, 1}}}}));
}

TEST(SwitchTable, IsNotWholeWhenAHookOrARuleIsMissingOrStrange) {
  const auto changed = [](const std::string& from, const std::string& to) {
    std::string text = listing;
    const std::size_t at = text.rfind(from);
    return read_switch_table(parse_json(text.replace(at, from.size(), to))).whole;
  };
  EXPECT_FALSE(changed("\"prio\": -110", "\"prio\": 0"));
  EXPECT_FALSE(changed("\"@live\"", "\"@other\""));
  EXPECT_FALSE(changed("8091", "8092")) << "local and outside clients would go to different slots";
  EXPECT_FALSE(read_switch_table(JsonValue{}).whole);
}

}  // namespace
}  // namespace switchyard::agent
