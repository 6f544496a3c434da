#pragma once

#include <gtest/gtest.h>

#include <string>

#include "agent/system/service_manager.hpp"

/// What every ServiceManager must do, the real one and the fake. A host gives the suite three units:
///   lasting()   a service that runs until it is stopped      failing()   one whose process ends with status 1 at once
///   missing()   a name without a unit file
/// and a way to run programs: program(0) ends with status 0, program(1) with 1.
namespace switchyard::testing {

class ServiceManagerHost {
 public:
  virtual ~ServiceManagerHost() = default;
  virtual agent::ServiceManager& services() = 0;
  virtual std::string lasting() = 0;
  virtual std::string failing() = 0;
  virtual std::string missing() = 0;
  /// A transient unit of this name has ended with this status; true when its state shows it.
  virtual bool let_end(const std::string& unit, int exit_status) = 0;
  virtual agent::TransientUnit program(const std::string& name, int exit_status) = 0;
};

template <class Host>
class ServiceManagerContract : public ::testing::Test {
 protected:
  Host host_;
  agent::ServiceManager& services_ = host_.services();
  static constexpr std::uint32_t wait_ms = 10'000;
};
TYPED_TEST_SUITE_P(ServiceManagerContract);

TYPED_TEST_P(ServiceManagerContract, StartsAndStopsAService) {
  const std::string unit = this->host_.lasting();
  EXPECT_EQ(this->services_.status(unit).active_state, "inactive");
  EXPECT_EQ(this->services_.start(unit, this->wait_ms), "done");
  const auto running = this->services_.status(unit);
  EXPECT_EQ(running.load_state, "loaded");
  EXPECT_EQ(running.active_state, "active");
  EXPECT_EQ(running.sub_state, "running");
  EXPECT_EQ(running.result, "success");
  EXPECT_NE(running.main_pid, 0u);
  EXPECT_EQ(running.invocation_id.size(), 32u);
  EXPECT_EQ(this->services_.stop(unit, this->wait_ms), "done");
  const auto stopped = this->services_.status(unit);
  EXPECT_EQ(stopped.active_state, "inactive");
  EXPECT_EQ(stopped.main_pid, 0u);
}

TYPED_TEST_P(ServiceManagerContract, StartingARunningServiceKeepsItsProcess) {
  const std::string unit = this->host_.lasting();
  ASSERT_EQ(this->services_.start(unit, this->wait_ms), "done");
  const auto before = this->services_.status(unit);
  EXPECT_EQ(this->services_.start(unit, this->wait_ms), "done");
  EXPECT_EQ(this->services_.status(unit).invocation_id, before.invocation_id);
  EXPECT_EQ(this->services_.status(unit).main_pid, before.main_pid);
}

TYPED_TEST_P(ServiceManagerContract, ARestartIsANewRun) {
  const std::string unit = this->host_.lasting();
  ASSERT_EQ(this->services_.start(unit, this->wait_ms), "done");
  const auto before = this->services_.status(unit);
  EXPECT_EQ(this->services_.restart(unit, this->wait_ms), "done");
  EXPECT_NE(this->services_.status(unit).invocation_id, before.invocation_id);
}

TYPED_TEST_P(ServiceManagerContract, AFailedStartIsAValueAndCanBeForgotten) {
  const std::string unit = this->host_.failing();
  EXPECT_EQ(this->services_.start(unit, this->wait_ms), "failed");
  const auto failed = this->services_.status(unit);
  EXPECT_EQ(failed.active_state, "failed");
  EXPECT_EQ(failed.result, "exit-code");
  EXPECT_EQ(failed.exit_status, 1);
  EXPECT_EQ(failed.main_pid, 0u);
  this->services_.reset_failed(unit);
  EXPECT_EQ(this->services_.status(unit).active_state, "inactive");
}

TYPED_TEST_P(ServiceManagerContract, AMissingUnitIsNotFoundAndDoesNotThrow) {
  const std::string unit = this->host_.missing();
  EXPECT_EQ(this->services_.status(unit).load_state, "not-found");
  EXPECT_EQ(this->services_.start(unit, this->wait_ms), "failed");
  EXPECT_EQ(this->services_.stop(unit, this->wait_ms), "failed");
  this->services_.reset_failed(unit);
}

TYPED_TEST_P(ServiceManagerContract, EnablesAndDisables) {
  const std::string unit = this->host_.lasting();
  EXPECT_EQ(this->services_.status(unit).unit_file_state, "disabled");
  this->services_.enable(unit);
  EXPECT_EQ(this->services_.status(unit).unit_file_state, "enabled");
  this->services_.enable(unit);
  this->services_.disable(unit);
  EXPECT_EQ(this->services_.status(unit).unit_file_state, "disabled");
}

TYPED_TEST_P(ServiceManagerContract, ATransientUnitRunsOnceAndKeepsItsOutcome) {
  const std::string unit = "switchyard-contract-once.service";
  EXPECT_EQ(this->services_.start_transient(this->host_.program(unit, 0)), std::nullopt);
  ASSERT_TRUE(this->host_.let_end(unit, 0));
  const auto ended = this->services_.status(unit);
  EXPECT_EQ(ended.active_state, "active");
  EXPECT_EQ(ended.sub_state, "exited");
  EXPECT_EQ(this->services_.start_transient(this->host_.program(unit, 0)), "exists");
  EXPECT_EQ(this->services_.stop(unit, this->wait_ms), "done");
  EXPECT_EQ(this->services_.status(unit).load_state, "not-found");
}

TYPED_TEST_P(ServiceManagerContract, AFailedTransientUnitKeepsItsStatusUntilItIsReset) {
  const std::string unit = "switchyard-contract-bad.service";
  EXPECT_EQ(this->services_.start_transient(this->host_.program(unit, 1)), std::nullopt);
  ASSERT_TRUE(this->host_.let_end(unit, 1));
  EXPECT_EQ(this->services_.status(unit).exit_status, 1);
  EXPECT_EQ(this->services_.start_transient(this->host_.program(unit, 1)), "exists");
  this->services_.reset_failed(unit);
  EXPECT_EQ(this->services_.status(unit).load_state, "not-found");
}

REGISTER_TYPED_TEST_SUITE_P(ServiceManagerContract, StartsAndStopsAService, StartingARunningServiceKeepsItsProcess,
                            ARestartIsANewRun, AFailedStartIsAValueAndCanBeForgotten,
                            AMissingUnitIsNotFoundAndDoesNotThrow, EnablesAndDisables,
                            ATransientUnitRunsOnceAndKeepsItsOutcome, AFailedTransientUnitKeepsItsStatusUntilItIsReset);

}  // namespace switchyard::testing
