#include "tests/support/fake_service_manager.hpp"

#include "tests/unit/agent_system/service_manager_contract.hpp"

namespace switchyard::testing {
namespace {

class FakeHost final : public ServiceManagerHost {
 public:
  agent::ServiceManager& services() override { return services_; }
  std::string lasting() override {
    services_.define("lasting.service");
    return "lasting.service";
  }
  std::string failing() override {
    services_.define("failing.service").fails_to_start = true;
    return "failing.service";
  }
  std::string missing() override { return "missing.service"; }
  bool let_end(const std::string& unit, int exit_status) override {
    services_.end_process(unit, exit_status);
    return true;
  }
  agent::TransientUnit program(const std::string& name, int) override {
    agent::TransientUnit unit;
    unit.name = name;
    unit.argv = {"/bin/true"};
    return unit;
  }

 private:
  FakeServiceManager services_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Fake, ServiceManagerContract, FakeHost);

}  // namespace
}  // namespace switchyard::testing
