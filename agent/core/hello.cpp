#include "agent/core/hello.hpp"

#include <utility>

#include "protocol/version.hpp"

namespace switchyard::agent {

protocol::Hello make_hello(Introduction introduction) {
  protocol::Hello hello;
  hello.protocol_min = protocol::version_min;
  hello.protocol_max = protocol::version_max;
  hello.features = protocol::own_features();
  hello.agent_version = std::move(introduction.agent_version);
  hello.boot_id = std::move(introduction.boot_id);
  hello.audit_head = std::move(introduction.audit_head);
  return hello;
}

protocol::Hello make_hello(Introduction introduction, const AgentCore& core, std::int64_t now_boot_ms) {
  protocol::Hello hello = make_hello(std::move(introduction));
  hello.max_epoch = core.max_epoch();
  hello.forgotten_plan_seq = core.forgotten_plan_seq();
  hello.open = core.reports(now_boot_ms);
  return hello;
}

}  // namespace switchyard::agent
