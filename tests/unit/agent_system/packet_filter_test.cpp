#include "agent/system/packet_filter.hpp"

#include <gtest/gtest.h>

namespace switchyard::agent {
namespace {

const std::string dport_left = R"("left": {"payload": {"protocol": "tcp", "field": "dport"}})";

std::string match(const std::string& left, const std::string& right, const std::string& op = "==") {
  return R"({"match": {"op": ")" + op + "\", " + left + ", \"right\": " + right + "}}";
}
std::string dport(const std::string& right, const std::string& op = "==") { return match(dport_left, right, op); }
const std::string accept = R"({"accept": null})";
const std::string drop = R"({"drop": null})";

/// One input chain with these rules (each a list of expressions) and this policy.
FilterVerdict judge(const std::string& policy, const std::vector<std::string>& rules, FilterPacket packet,
                    const std::string& more = "") {
  std::string text =
      R"({"nftables": [{"chain": {"family": "inet", "table": "t", "name": "in", "type": "filter",
         "hook": "input", "prio": 0, "policy": ")" +
      policy + "\"}}" + more;
  for (const std::string& rule : rules) {
    text += R"(, {"rule": {"family": "inet", "table": "t", "chain": "in", "expr": [)" + rule + "]}}";
  }
  const JsonValue ruleset = parse_json(text + "]}");
  return PacketFilter(ruleset).judge(packet).verdict;
}

const FilterPacket redirected{.port = 5002, .asked_port = 80};
const FilterPacket direct{.port = 80, .asked_port = 80};
const FilterPacket from_host{.local = true, .port = 5002, .asked_port = 80};

TEST(PacketFilter, FollowsPolicyAndPorts) {
  EXPECT_EQ(judge("accept", {}, redirected), FilterVerdict::accepted);
  EXPECT_EQ(judge("drop", {}, redirected), FilterVerdict::dropped);
  EXPECT_EQ(judge("drop", {dport("80") + "," + accept}, direct), FilterVerdict::accepted);
  EXPECT_EQ(judge("drop", {dport("80") + "," + accept}, redirected), FilterVerdict::dropped);
  EXPECT_EQ(judge("accept", {dport("5002") + "," + drop}, redirected), FilterVerdict::dropped);
  EXPECT_EQ(judge("accept", {dport("80", "!=") + "," + drop}, redirected), FilterVerdict::dropped);
}

TEST(PacketFilter, KnowsSetsRangesAndNamedSets) {
  EXPECT_EQ(judge("drop", {dport(R"({"set": [22, {"range": [5000, 5010]}]})") + "," + accept}, redirected),
            FilterVerdict::accepted);
  const std::string set = R"(, {"set": {"family": "inet", "table": "t", "name": "p", "elem": [80, 5002]}})";
  EXPECT_EQ(judge("drop", {dport("\"@p\"") + "," + accept}, redirected, set), FilterVerdict::accepted);
  const std::string other =
      R"(, {"set": {"family": "inet", "table": "t", "name": "p", "elem": [{"elem": {"val": 80, "timeout": 5}}]}})";
  EXPECT_EQ(judge("drop", {dport("\"@p\"") + "," + accept}, redirected, other), FilterVerdict::dropped);
}

TEST(PacketFilter, KnowsConnectionTracking) {
  const std::string original = match(R"("left": {"ct": {"key": "proto-dst", "dir": "original"}})", "80");
  EXPECT_EQ(judge("drop", {original + "," + accept}, redirected), FilterVerdict::accepted);
  const std::string dnat = match(R"("left": {"ct": {"key": "status"}})", "\"dnat\"", "in");
  EXPECT_EQ(judge("drop", {dnat + "," + accept}, redirected), FilterVerdict::accepted);
  EXPECT_EQ(judge("drop", {dnat + "," + accept}, direct), FilterVerdict::dropped);
  const std::string old = match(R"("left": {"ct": {"key": "state"}})", R"(["established", "related"])", "in");
  EXPECT_EQ(judge("drop", {old + "," + accept}, redirected), FilterVerdict::dropped) << "the first packet is new";
}

TEST(PacketFilter, TellsTheHostsOwnClientsFromOthers) {
  const std::string lo = match(R"("left": {"meta": {"key": "iif"}})", "\"lo\"");
  EXPECT_EQ(judge("drop", {lo + "," + accept}, from_host), FilterVerdict::accepted);
  EXPECT_EQ(judge("drop", {lo + "," + accept}, redirected), FilterVerdict::dropped);
}

TEST(PacketFilter, IsNotCertainWhereTheClientsAddressDecides) {
  const std::string saddr = match(R"("left": {"payload": {"protocol": "ip", "field": "saddr"}})", "\"10.0.0.0\"");
  EXPECT_EQ(judge("drop", {saddr + "," + accept}, redirected), FilterVerdict::unknown);
  EXPECT_EQ(judge("accept", {saddr + "," + drop}, redirected), FilterVerdict::unknown);
  EXPECT_EQ(judge("drop", {saddr + "," + drop}, redirected), FilterVerdict::dropped);
  EXPECT_EQ(judge("drop", {saddr + R"(, {"return": null})", accept}, redirected), FilterVerdict::unknown);
}

TEST(PacketFilter, IsNotCertainAboutRulesOfIptablesAndLimits) {
  EXPECT_EQ(judge("drop", {R"({"xt": {"type": "target", "name": "X"}})"}, redirected), FilterVerdict::unknown);
  EXPECT_EQ(judge("drop", {R"({"limit": {"rate": 5, "per": "second"}},)" + accept}, redirected),
            FilterVerdict::unknown);
}

TEST(PacketFilter, FollowsJumpsGotosAndVerdictMaps) {
  const auto chain = [](const std::string& rule) {
    return R"(, {"chain": {"family": "inet", "table": "t", "name": "c"}}, {"rule": {"family": "inet",
         "table": "t", "chain": "c", "expr": [)" +
           rule + "]}}";
  };
  const std::string jump = R"({"jump": {"target": "c"}})";
  EXPECT_EQ(judge("drop", {jump}, redirected, chain(dport("5002") + "," + accept)), FilterVerdict::accepted);
  EXPECT_EQ(judge("drop", {jump, accept}, redirected, chain(R"({"return": null})")), FilterVerdict::accepted);
  EXPECT_EQ(judge("drop", {R"({"goto": {"target": "c"}})", accept}, redirected, chain(R"({"return": null})")),
            FilterVerdict::dropped);
  EXPECT_EQ(judge("drop", {jump, accept}, redirected), FilterVerdict::unknown) << "a chain that is not listed";
  const std::string map =
      R"({"vmap": {"key": {"payload": {"protocol": "tcp", "field": "dport"}},
         "data": {"set": [[80, {"drop": null}], [5002, {"jump": {"target": "c"}}]]}}})";
  EXPECT_EQ(judge("drop", {map}, redirected, chain(accept)), FilterVerdict::accepted);
  EXPECT_EQ(judge("accept", {map}, direct, chain(accept)), FilterVerdict::dropped);
}

TEST(PacketFilter, AChainThatJumpsToItselfEnds) {
  const std::string loop =
      R"(, {"chain": {"family": "inet", "table": "t", "name": "c"}}, {"rule": {"family": "inet",
         "table": "t", "chain": "c", "expr": [{"jump": {"target": "c"}}]}})";
  EXPECT_EQ(judge("drop", {R"({"jump": {"target": "c"}})"}, redirected, loop), FilterVerdict::unknown);
}

TEST(PacketFilter, IgnoresChainsOfTheOtherFamily) {
  const std::string six =
      R"(, {"chain": {"family": "ip6", "table": "s", "name": "in", "type": "filter", "hook": "input",
         "prio": 0, "policy": "drop"}})";
  EXPECT_EQ(judge("accept", {}, redirected, six), FilterVerdict::accepted);
  EXPECT_EQ(judge("accept", {}, {.ipv6 = true, .port = 5002, .asked_port = 80}, six), FilterVerdict::dropped);
}

TEST(PacketFilter, FindsNatRulesOfOthersOnAPort) {
  const auto with = [](const std::string& table, const std::string& expressions) {
    return parse_json(R"({"nftables": [{"rule": {"family": "ip", "table": ")" + table +
                      R"(", "chain": "DOCKER", "expr": [)" + expressions + "]}}]}");
  };
  const std::string dnat = R"({"dnat": {"addr": "172.17.0.2", "port": 80}})";
  EXPECT_TRUE(PacketFilter(with("nat", dport("80") + "," + dnat)).nat_rule_on(80, "switchyard"));
  EXPECT_TRUE(PacketFilter(with("nat", dport("80") + R"(,{"xt": {"type": "target", "name": "DNAT"}})"))
                  .nat_rule_on(80, "switchyard"));
  EXPECT_FALSE(PacketFilter(with("nat", dport("81") + "," + dnat)).nat_rule_on(80, "switchyard"));
  EXPECT_FALSE(PacketFilter(with("switchyard", dport("80") + "," + dnat)).nat_rule_on(80, "switchyard"));
}

}  // namespace
}  // namespace switchyard::agent
