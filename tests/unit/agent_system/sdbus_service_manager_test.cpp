#include "agent/system/sdbus_service_manager.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "agent/executors/host/unit_executor.hpp"
#include "agent/system/journal_tail.hpp"
#include "common/clock.hpp"
#include "common/error.hpp"
#include "tests/support/real_time.hpp"
#include "tests/unit/agent_system/service_manager_contract.hpp"

namespace switchyard::testing {
namespace {

const std::filesystem::path unit_directory = "/etc/systemd/system";

/// Writes real unit files, and takes away what the tests left.
class SystemdHost final : public ServiceManagerHost {
 public:
  ~SystemdHost() override {
    for (const char* unit :
         {"switchyard-contract-once.service", "switchyard-contract-bad.service", "switchyard-contract-lasting.service",
          "switchyard-contract-failing.service", "switchyard-resume.service"}) {
      services_.stop(unit, 10'000);
      services_.reset_failed(unit);
      std::filesystem::remove(unit_directory / unit);
    }
    services_.reload_units();
  }
  agent::ServiceManager& services() override { return services_; }
  std::string lasting() override { return write("switchyard-contract-lasting.service", "/bin/sleep 600"); }
  std::string failing() override {
    return write("switchyard-contract-failing.service", "/bin/sh -c 'echo the database is not there; exit 1'",
                 "Type=oneshot\n");
  }
  std::string missing() override { return "switchyard-contract-missing.service"; }
  bool let_end(const std::string& unit, int exit_status) override {
    return within_ms(5'000, [&] {
      const agent::UnitStatus status = services_.status(unit);
      return exit_status == 0 ? status.sub_state == "exited" : status.active_state == "failed";
    });
  }
  agent::TransientUnit program(const std::string& name, int exit_status) override {
    return {.name = name,
            .description = "contract test",
            .argv = {"/bin/sh", "-c",
                     "test \"$WORD\" = 'two words' && test $PWD = /tmp && exit " + std::to_string(exit_status)},
            .environment = {{"WORD", "two words"}},
            .working_directory = "/tmp",
            .user = "nobody",
            .timeout_ms = 5'000};
  }
  std::string write(const std::string& name, const std::string& exec, const std::string& more = "") {
    std::ofstream(unit_directory / name) << "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=" << exec
                                         << "\nWorkingDirectory=/tmp\n"
                                         << more << "[Install]\nWantedBy=multi-user.target\n";
    services_.reload_units();
    return name;
  }
  agent::SdbusServiceManager& real() { return services_; }

 private:
  agent::SdbusServiceManager services_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sdbus, ServiceManagerContract, SystemdHost);

class Sdbus : public ::testing::Test {
 protected:
  SystemdHost host_;
  agent::SdbusServiceManager& services_ = host_.real();
};

TEST_F(Sdbus, ReadsWhereAServiceWorksAndThatItsFileChanged) {
  const std::string unit = host_.lasting();
  ASSERT_EQ(services_.start(unit, 10'000), "done");
  EXPECT_EQ(services_.status(unit).working_directory, "/tmp");
  EXPECT_FALSE(services_.status(unit).need_reload);
  std::ofstream(unit_directory / unit, std::ios::app) << "# changed\n";
  std::filesystem::last_write_time(unit_directory / unit,
                                   std::filesystem::file_time_type::clock::now() + std::chrono::seconds(5));
  EXPECT_TRUE(services_.status(unit).need_reload);
  services_.reload_units();
  EXPECT_FALSE(services_.status(unit).need_reload);
}

TEST_F(Sdbus, AJobThatDoesNotEndInTimeIsATimeout) {
  const std::string unit = host_.write("switchyard-contract-lasting.service", "/bin/sleep 600", "Type=notify\n");
  EXPECT_EQ(services_.start(unit, 300), "timeout");
}

TEST_F(Sdbus, NeverWaitsForAUnitThatItselfWaitsForTheResumeUnit) {
  host_.write("switchyard-resume.service", "/bin/sleep 2", "Type=oneshot\n");
  const std::string unit = host_.lasting();
  std::filesystem::create_directories(unit_directory / (unit + ".d"));
  std::ofstream(unit_directory / (unit + ".d") / "order.conf") << "[Unit]\nAfter=switchyard-resume.service\n";
  services_.reload_units();
  const std::jthread boot([this] { services_.start("switchyard-resume.service", 10'000); });
  const auto state = [this](const std::string& of) { return services_.status(of).active_state; };
  ASSERT_TRUE(within_ms(2'000, [&] { return state("switchyard-resume.service") == "activating"; }));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(services_.start(unit, 10'000), "queued");
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(900));
  EXPECT_NE(state(unit), "active");
  EXPECT_TRUE(services_.status(unit).job_pending);
  EXPECT_TRUE(within_ms(8'000, [&] { return state(unit) == "active"; }));
  EXPECT_TRUE(within_ms(1'000, [&] { return !services_.status(unit).job_pending; }));
  std::filesystem::remove_all(unit_directory / (unit + ".d"));
}

TEST_F(Sdbus, ATransientUnitThatRunsTooLongIsEnded) {
  agent::TransientUnit slow = host_.program("switchyard-contract-bad.service", 0);
  slow.argv = {"/bin/sleep", "600"};
  slow.timeout_ms = 300;
  ASSERT_EQ(services_.start_transient(slow), std::nullopt);
  ASSERT_TRUE(host_.let_end(slow.name, 1));
  EXPECT_EQ(services_.status(slow.name).result, "timeout");
}

TEST_F(Sdbus, ATransientUnitWithoutItsProgramIsAFailedUnit) {
  agent::TransientUnit none = host_.program("switchyard-contract-bad.service", 0);
  none.argv = {"/no/such/program"};
  ASSERT_EQ(services_.start_transient(none), std::nullopt);
  ASSERT_TRUE(host_.let_end(none.name, 1));
  EXPECT_EQ(services_.status(none.name).exit_status, 203);
}

TEST_F(Sdbus, ATransientUnitGetsItsArgumentsAsTheyAre) {
  agent::TransientUnit compare = host_.program("switchyard-contract-bad.service", 0);
  compare.argv = {"/usr/bin/test", "x${NOT_SET}", "=", "x"};  // true only for somebody who expands
  ASSERT_EQ(services_.start_transient(compare), std::nullopt);
  ASSERT_TRUE(host_.let_end(compare.name, 1));
  EXPECT_EQ(services_.status(compare.name).exit_status, 1);
}

TEST_F(Sdbus, ServesManyThreadsAtOnce) {
  const std::string unit = host_.lasting();
  ASSERT_EQ(services_.start(unit, 10'000), "done");
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) EXPECT_EQ(services_.status(unit).active_state, "active");
    });
  }
}

TEST_F(Sdbus, AnUnreachableBusIsAnErrorThatSaysSo) {
  agent::SdbusServiceManager nowhere("unix:path=/no/such/bus");
  EXPECT_THROW(nowhere.status("x.service"), SysError);
}

TEST_F(Sdbus, AFailedStartCarriesTheUnitsLastWords) {
  const SystemClock clock;
  const SecretMask mask;
  const auto tail = [&](const std::string& unit, const std::string& invocation) {
    return agent::journal_tail(unit, invocation, mask);
  };
  agent::UnitExecutor executor(services_, clock, tail, [](auto, auto&) { return std::nullopt; });
  agent::StepContext context;
  context.deadline_boot_ms = clock.boot_ms() + 10'000;
  const auto result = executor.run(protocol::EnsureUnit{host_.failing(), protocol::UnitState::started, {}}, context);
  EXPECT_EQ(result.code, "start_failed");
  EXPECT_NE(result.detail.find("the database is not there"), std::string::npos) << result.detail;
  EXPECT_LE(result.detail.size(), 20u * 520u + 400u);
}

}  // namespace
}  // namespace switchyard::testing
