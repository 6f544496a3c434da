#include "coordinator/planner/unit_file.hpp"

#include <gtest/gtest.h>

#include "tests/support/plan_builder.hpp"
#include "tests/support/refusal.hpp"

namespace switchyard::planner {

using switchyard::testing::has;

namespace {

const HostLayout layout{"/srv", "/etc/systemd/system"};

model::Component component() {
  model::Component api = switchyard::testing::manifest_from_text("api@h1").components[0];
  api.service.command = {"bin/api", "--listen", "0.0.0.0:${port}", "--name", "a b"};
  api.service.environment = {{"MODE", "100%"}, {"DATA", "${shared_dir}/data"}};
  api.service.user = "www";
  return api;
}

std::string unit_of(const model::Component& of, const std::string& slot) {
  return unit_file(of, place_in_slot(of, slot, switchyard::testing::release_of("api", '2'), layout), layout).content;
}

}  // namespace

TEST(UnitFile, KnowsWhichFilesOfTheReleaseACommandRuns) {
  const auto programs = [](const std::string& word) {
    model::Component api = component();
    api.service.command = {word, "--verbose"};
    return programs_in_release(api, api.service.command);
  };
  using Paths = std::set<std::string>;
  EXPECT_EQ(programs("bin/api"), Paths{"bin/api"});
  EXPECT_EQ(programs("./api"), Paths{"api"});
  EXPECT_EQ(programs("bin/../lib//api"), Paths{"lib/api"});
  EXPECT_EQ(programs("${release_dir}/bin/api"), Paths{"bin/api"});
  EXPECT_EQ(programs("bin/api-${slot}"), (Paths{"bin/api-blue", "bin/api-green"}));
  for (const char* of_the_host : {"/usr/bin/node", "node", "${shared_dir}/bin/tool"}) {
    EXPECT_EQ(programs(of_the_host), Paths{}) << of_the_host;
  }
}

TEST(UnitFile, RunsTheReleaseInItsSlot) {
  const std::string release = switchyard::testing::release_of("api", '2').str();
  const std::string text = unit_of(component(), "green");
  EXPECT_TRUE(has(text, "\nWorkingDirectory=/srv/api/releases/" + release + "\n"));
  EXPECT_TRUE(
      has(text, "\nExecStart=/srv/api/releases/" + release + "/bin/api --listen 0.0.0.0:10002 --name \"a b\"\n"));
  EXPECT_TRUE(has(text, "\nEnvironment=PORT=10002\n"));
  EXPECT_TRUE(has(text, "\nEnvironment=SWITCHYARD_SLOT=green\n"));
  EXPECT_TRUE(has(text, "\nEnvironment=SWITCHYARD_RELEASE=" + release + "\n"));
  EXPECT_TRUE(has(text, "\nEnvironment=SWITCHYARD_COMPONENT=api\n"));
  EXPECT_TRUE(has(text, "\nEnvironment=\"MODE=100%%\"\n"));
  EXPECT_TRUE(has(text, "\nEnvironment=DATA=/srv/api/shared/data\n"));
  EXPECT_TRUE(has(text, "\nUser=www\n"));
  EXPECT_TRUE(has(text, "\nTimeoutStopSec=30\n"));
  EXPECT_TRUE(has(text, "\nNoNewPrivileges=yes\n"));
  EXPECT_TRUE(has(text, "\nWantedBy=multi-user.target\n"));
}

TEST(UnitFile, NeverWaitsForTheUnitThatStartsItAtBoot) {
  EXPECT_EQ(unit_of(component(), "green").find("switchyard-resume"), std::string::npos);
}

TEST(UnitFile, GivesAServiceWithoutAUserOneOfItsOwn) {
  model::Component api = component();
  api.service.user.clear();
  EXPECT_TRUE(has(unit_of(api, "blue"), "\nDynamicUser=yes\n"));
}

TEST(UnitFile, LetsAServiceListenOnALowPortWithoutRoot) {
  model::Component api = component();
  EXPECT_TRUE(has(unit_of(api, "blue"), "\nCapabilityBoundingSet=\n"));
  api.ports.blue = 80;
  EXPECT_TRUE(has(unit_of(api, "blue"), "\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n"));
}

TEST(UnitFile, LooksForAProgramWhereItIs) {
  model::Component api = component();
  api.service.command = {"node", "dist/index.js"};
  EXPECT_TRUE(has(unit_of(api, "blue"), "\nExecStart=node dist/index.js\n"));
  api.service.command = {"/usr/bin/python3", "-m", "app"};
  EXPECT_TRUE(has(unit_of(api, "blue"), "\nExecStart=/usr/bin/python3 -m app\n"));
  api.service.command = {"./run"};
  EXPECT_TRUE(has(unit_of(api, "blue"), switchyard::testing::release_of("api", '2').str() + "/run\n"));
}

TEST(UnitFile, AddsToATemplateUnitOfTheHost) {
  model::Component api = component();
  api.service = {};
  api.service.unit = "app@.service";
  const SlotPlace place = place_in_slot(api, "green", switchyard::testing::release_of("api", '2'), layout);
  EXPECT_EQ(place.unit, "app@green.service");
  const protocol::EnsureFile file = unit_file(api, place, layout);
  EXPECT_EQ(file.path, "/etc/systemd/system/app@green.service.d/50-switchyard.conf");
  EXPECT_TRUE(has(file.content, "\nEnvironment=PORT=10002\n"));
  EXPECT_EQ(file.content.find("ExecStart"), std::string::npos);
}

TEST(UnitFile, QuotesForSystemd) {
  EXPECT_EQ(quote_for_exec("plain-1.0/x"), "plain-1.0/x");
  EXPECT_EQ(quote_for_exec(""), "\"\"");
  EXPECT_EQ(quote_for_exec("a b"), "\"a b\"");
  EXPECT_EQ(quote_for_exec("${HOME} $x 5% \"q\" \\n ;"), "\"$${HOME} $$x 5%% \\\"q\\\" \\\\n ;\"");
  EXPECT_EQ(quote_for_environment("A", "$x 5%"), "\"A=$x 5%%\"");
}

}  // namespace switchyard::planner
