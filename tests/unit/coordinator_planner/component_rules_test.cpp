#include <gtest/gtest.h>

#include "tests/support/refusal.hpp"

#include "coordinator/planner/manifest_reader.hpp"

// What a component must not say, and what the refusal tells the person who wrote it.
namespace switchyard::planner {

using switchyard::testing::has;
using switchyard::testing::refusal;

namespace {

/// A manifest of one component with these keys beside its name.
std::string refusal_of(const std::string& keys) {
  return refusal([&] { read_manifest("metadata: {name: x}\ncomponents:\n  - {name: a, " + keys + "}\n", "f.yaml"); });
}

std::string refusal_of_two(const std::string& first, const std::string& second) {
  const std::string head = "metadata: {name: x}\ncomponents:\n";
  return refusal(
      [&] { read_manifest(head + "  - {name: a, " + first + "}\n  - {name: b, " + second + "}\n", "f.yaml"); });
}

}  // namespace

TEST(ComponentRules, AskForASwitchWhereThereShallBeNoGap) {
  EXPECT_TRUE(has(refusal_of("strategy: blue-green"), "needs a traffic switch"));
  EXPECT_TRUE(has(refusal_of("strategy: blue-green, ports: {stable: 80}"), "needs a traffic switch"));
  EXPECT_TRUE(has(refusal_of("traffic: {kind: nftables}, ports: {stable: 80}"), "no ports for the two slots"));
  EXPECT_TRUE(has(refusal_of("traffic: {kind: nftables}, ports: {blue: 81, green: 82}"), "no stable port"));
  EXPECT_TRUE(has(refusal_of("traffic: {kind: haproxy}, ports: {blue: 81, green: 82}"), "needs `haproxy: {socket"));
  EXPECT_TRUE(has(refusal_of("strategy: recreate, ports: {stable: 80, blue: 81, green: 82}"),
                  "no traffic switch that uses them"));
  EXPECT_TRUE(
      has(refusal_of("strategy: recreate, ports: {stable: 80}, traffic: {kind: nftables}"), "remove `traffic`"));
  EXPECT_TRUE(has(refusal_of("start: swap"), "has no meaning"));
  EXPECT_EQ(refusal_of("strategy: rolling"), "(accepted)");
  EXPECT_EQ(refusal_of("strategy: recreate, ports: {stable: 80}"), "(accepted)");
}

TEST(ComponentRules, CheckCanaries) {
  const std::string ports = "ports: {stable: 80, blue: 81, green: 82}, strategy: canary, ";
  EXPECT_EQ(refusal_of(ports + "canary: {weights: [10, 50], pause_seconds: 5, promote: manual}"), "(accepted)");
  EXPECT_TRUE(has(refusal_of(ports + "canary: {weights: [50, 10]}"), "larger than the one before it (50)"));
  EXPECT_TRUE(has(refusal_of(ports + "canary: {weights: [10, 100]}"), "an integer from 1 to 99"));
  EXPECT_TRUE(has(refusal_of(ports + "canary: {weights: []}"), "one to 9 shares in percent"));
  EXPECT_TRUE(has(refusal_of(ports + "canary: {weigths: [10]}"), "did you mean `weights`?"));
  EXPECT_TRUE(has(refusal_of(ports + "priority: 1"), "set `canary: {weights: [10, 50]}`"));
  EXPECT_TRUE(has(refusal_of("strategy: canary, canary: {weights: [10]}"), "needs a traffic switch"));
  EXPECT_TRUE(has(refusal_of("strategy: rolling, canary: {weights: [10]}"), "set `strategy: canary`"));
  EXPECT_TRUE(has(refusal_of("min_healthy_seconds: 5"), "set `strategy: rolling`"));
  EXPECT_EQ(refusal_of("strategy: rolling, min_healthy_seconds: 5"), "(accepted)");
  const std::string rolling = "strategy: rolling, hosts: [h1, h2, h3, h4], ";
  EXPECT_TRUE(has(refusal_of("hosts: [h1, h2], min_healthy: 1"), "set `strategy: rolling`"));
  EXPECT_TRUE(has(refusal_of(rolling + "min_healthy: 4"), "keeps 4 of 4 hosts as they are"));
  EXPECT_TRUE(has(refusal_of(rolling + "min_healthy: 76%"), "keeps 4 of 4 hosts as they are"));
  EXPECT_TRUE(has(refusal_of(rolling + "min_healthy: 0%"), "a share from 1% to 99%"));
  EXPECT_TRUE(has(refusal_of(rolling + "min_healthy: half"), "an integer from 1 to 1000"));
  EXPECT_EQ(refusal_of(rolling + "min_healthy: 75%"), "(accepted)");
}

TEST(ComponentRules, CheckPorts) {
  EXPECT_TRUE(has(refusal_of("ports: {stable: 80, blue: 81}"), "one of `blue` and `green`"));
  EXPECT_TRUE(has(refusal_of("ports: {stable: 80, blue: 80, green: 82}"), "names a port twice"));
  EXPECT_TRUE(has(refusal_of("ports: {stable: 70000}"), "an integer from 1 to 65535"));
  EXPECT_TRUE(has(refusal_of("ports: {}"), "names no port"));
}

TEST(ComponentRules, CheckTheService) {
  EXPECT_TRUE(has(refusal_of("service: {user: www}"), "needs `command: [...]` or `unit:"));
  EXPECT_TRUE(has(refusal_of("service: {command: [a], unit: \"a@.service\"}"), "has both"));
  EXPECT_TRUE(has(refusal_of("service: {command: \"a b\"}"), "must be a list of words"));
  EXPECT_TRUE(has(refusal_of("service: {command: []}"), "names no program"));
  EXPECT_TRUE(has(refusal_of("service: {command: [\"-rm\"]}"), "would not take for a program"));
  EXPECT_TRUE(
      has(refusal_of("service: {command: [a, \"${prot}\"]}"), "unknown variable `${prot}`; did you mean `port`?"));
  EXPECT_TRUE(has(refusal_of("service: {command: [a, \"${port\"]}"), "without a closing"));
  EXPECT_TRUE(has(refusal_of("service: {command: [a, \"b\\nc\"]}"), "line break"));
  EXPECT_TRUE(has(refusal_of("service: {command: [a], user: \"Bad User\"}"), "no user's name"));
  EXPECT_TRUE(has(refusal_of("service: {unit: a.service}"), "template unit"));
  EXPECT_TRUE(has(refusal_of("service: {unit: \"a@.service\", user: www}"), "says who runs it"));
  EXPECT_TRUE(has(refusal_of("service: {command: [a], environment: {PORT: 1}}"), "set for each slot"));
  EXPECT_TRUE(has(refusal_of("service: {command: [a], environment: {A-B: x}}"), "no name of an environment variable"));
  EXPECT_TRUE(has(refusal_of("service: {command: [a], environment: {A: off}}"), "put it in quotes"));
}

TEST(ComponentRules, CheckCommandsThatRunOnce) {
  const auto run = [](const std::string& text) { return refusal_of("service: {command: [a]}, run: [" + text + "]"); };
  EXPECT_EQ(run("{name: warm, command: [bin/warm, \"${port}\"], undo: [/bin/true], user: www}"), "(accepted)");
  EXPECT_EQ(refusal_of("service: {command: [a], user: www}, run: [{name: warm, command: [bin/warm], when: swap}]"),
            "(accepted)");
  EXPECT_TRUE(has(run("{name: warm, command: [bin/warm]}"), "needs a `user`"));
  EXPECT_TRUE(has(run("{name: warm, command: [warm], user: www}"), "write bin/warm"));
  EXPECT_TRUE(has(run("{name: warm, command: [bin/warm], undo: [cool], user: www}"), "write bin/cool"));
  EXPECT_TRUE(has(run("{name: warm, command: [../warm], user: www}"), "leaves the release's directory"));
  EXPECT_TRUE(has(run("{name: warm, command: \"bin/warm now\", user: www}"), "must be a list of words"));
  EXPECT_TRUE(has(run("{name: warm, command: [bin/warm], user: www, when: commit}"), "must be one of prepare, swap"));
  EXPECT_TRUE(has(run("{name: a, command: [bin/a], user: w}, {name: a, command: [bin/b], user: w}"), "is there twice"));
}

TEST(ComponentRules, CheckPathsAndUnits) {
  EXPECT_TRUE(has(refusal_of("shared: [../x]"), "a path inside the release"));
  EXPECT_TRUE(has(refusal_of("shared: [/x]"), "a path inside the release"));
  EXPECT_TRUE(has(refusal_of("shared: [a, a/b], service: {command: [a], user: www}"), "lie in each other"));
  EXPECT_TRUE(has(refusal_of("shared: [data], service: {command: [a]}"), "no `service.user` who owns them"));
  EXPECT_TRUE(has(refusal_of("artifact: {}"), "needs one of"));
  EXPECT_TRUE(has(refusal_of("artifact: {directory: a, tarball: b}"), "needs one of"));
  EXPECT_TRUE(has(refusal_of("adopt: {unit: old}"), "name of a service"));
  EXPECT_TRUE(has(refusal_of("adopt: {unit: switchyard-agent.service}"), "a unit of Switchyard itself"));
  EXPECT_TRUE(has(refusal_of("hosts: [h1, h1]"), "names `h1` twice"));
  EXPECT_TRUE(has(refusal_of("runtime: docker"), "must be one of systemd"));
}

TEST(ComponentRules, CheckHealthChecks) {
  const auto check = [](const std::string& text) { return refusal_of("health_checks: [{name: c, " + text + "}]"); };
  EXPECT_TRUE(has(check("type: http, config: {url: \"https://x/\"}"), "must begin with http://"));
  EXPECT_TRUE(has(check("type: http, config: {url: \"http://x/\", expected_status: [99]}"), "from 100 to 599"));
  for (const std::string port : {"99999", "0", "-1", "8o", ""}) {
    EXPECT_TRUE(has(check("type: http, config: {url: \"http://x:" + port + "/\"}"), "from 1 to 65535")) << port;
  }
  for (const std::string place : {"x:65535", "[::1]", "[::1]:80", "x", "x:${port}"}) {
    EXPECT_EQ(check("type: http, config: {url: \"http://" + place + "/a:b\"}"), "(accepted)") << place;
  }
  EXPECT_TRUE(has(check("type: tcp, config: {host: x}"), "has no `port`"));
  EXPECT_TRUE(has(check("type: command, config: {command: \"curl x\"}"), "must be a list of words"));
  EXPECT_TRUE(has(check("type: file_system, config: {path: tmp}"), "absolute path"));
  EXPECT_TRUE(has(check("type: htpp, config: {}"), "did you mean `http`?"));
  EXPECT_TRUE(has(check("type: tcp, config: {port: 1}, healthy_seconds: 70"), "longer than its deadline"));
  EXPECT_EQ(check("type: tcp, config: {port: \"${port}\"}"), "(accepted)");
  EXPECT_TRUE(has(refusal_of("health_checks: [http_health, http_health]"), "there twice"));
}

TEST(ComponentRules, GiveEveryComponentOfAHostItsOwnPortsAndUnits) {
  const std::string ports = "ports: {stable: 80, blue: 81, green: 82}";
  EXPECT_TRUE(
      has(refusal_of_two("hosts: [h1], " + ports, "hosts: [h1], ports: {stable: 82}"), "uses port 82 on host h1"));
  EXPECT_EQ(refusal_of_two("hosts: [h1], " + ports, "hosts: [h2], ports: {stable: 82}"), "(accepted)");
  EXPECT_TRUE(has(
      refusal_of_two("hosts: [h1], service: {unit: \"u@.service\"}", "hosts: [h1], service: {unit: \"u@.service\"}"),
      "uses unit u@.service on host h1"));
  // The units that we write count too.
  EXPECT_TRUE(
      has(refusal_of_two("hosts: [h1], service: {command: [/bin/x]}", "hosts: [h1], service: {unit: \"a@.service\"}"),
          "uses unit a@.service on host h1"));
  const auto behind_haproxy = [](const std::string& slots, const std::string& servers) {
    return "hosts: [h1], ports: {" + slots +
           "}, traffic: {kind: haproxy, haproxy: {socket: /run/h.sock, backend: app, " + "servers: {" + servers + "}}}";
  };
  EXPECT_TRUE(has(refusal_of_two(behind_haproxy("blue: 81, green: 82", "blue: x, green: y"),
                                 behind_haproxy("blue: 83, green: 84", "blue: z, green: y")),
                  "uses HAProxy server y of backend app (/run/h.sock) on host h1"));
}

TEST(ComponentRules, CheckNamesAndDependencies) {
  EXPECT_TRUE(has(refusal_of_two("dependencies: [c]", "priority: 1"), "`a` depends on `c`, which is no component"));
  EXPECT_TRUE(has(refusal([] { read_manifest("metadata: {name: x}\ncomponents: [{name: a}, {name: a}]\n", "f.yaml"); }),
                  "f.yaml:2:25: the component `a` is there twice (first at f.yaml:2:14)"));
}

/// What is no name could be put into a plan that every agent refuses.
TEST(ComponentRules, TakeOnlyNamesOfUnitsForUnits) {
  const auto check = [](const std::string& unit) {
    return refusal_of("health_checks: [{name: c, type: unit, config: {unit: \"" + unit + "\"}}]");
  };
  for (const std::string unit : {"postgresql.service", "api@${slot}.service", "${component}@${slot}.service"}) {
    EXPECT_EQ(check(unit), "(accepted)") << unit;
  }
  for (const std::string& unit :
       {std::string("postg - .service"), std::string("a/b.service"), std::string("a;b.service"),
        std::string("${release_dir}.service"), std::string("-a.service"), std::string("postgresql"),
        std::string(200, 'a') + "${component}.service"}) {
    EXPECT_TRUE(has(check(unit), "must be the name of a unit"));
  }
  EXPECT_TRUE(has(refusal_of("adopt: {unit: \"old api.service\"}"), "name of a service"));
}

}  // namespace switchyard::planner
