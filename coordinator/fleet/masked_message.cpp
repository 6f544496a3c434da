#include "coordinator/fleet/masked_message.hpp"

#include <variant>

namespace switchyard::fleet {
namespace {

struct Texts {
  const SecretMask& mask;

  void operator()(protocol::Hello& hello) const {
    for (protocol::DeploymentReport& report : hello.open) mask.apply(report.why);
  }
  void operator()(protocol::Report& answer) const { mask.apply(answer.report.why); }
  void operator()(protocol::Reverted& reverted) const { mask.apply(reverted.why); }
  void operator()(protocol::Stuck& stuck) const { mask.apply(stuck.detail); }
  void operator()(protocol::Failed& failed) const { mask.apply(failed.detail); }
  void operator()(protocol::Health& health) const { mask.apply(health.detail); }
  void operator()(protocol::StepEvent& event) const {
    mask.apply(event.result.detail);
    mask.apply(event.result.evidence);
  }
  void operator()(protocol::InventoryReply& reply) const {
    for (protocol::ComponentFact& fact : reply.components) mask.apply(fact.problem);
  }
  void operator()(protocol::ChecksRun& run) const {
    mask.apply(run.refused);
    for (protocol::CheckResult& result : run.results) {
      mask.apply(result.detail);
      mask.apply(result.details);
    }
  }
  void operator()(protocol::FilesSaved& saved) const {
    mask.apply(saved.refused);
    for (protocol::FileSaveResult& result : saved.results) {
      mask.apply(result.detail);
      for (protocol::SchemaFact& fact : result.schemas) {
        mask.apply(fact.why_not);
        mask.apply(fact.migration);
      }
    }
  }
  template <class Other>
  void operator()(Other&) const {}  // it says nothing in words, or it is not for agents to say
};

}  // namespace

void mask_texts(protocol::Message& message, const SecretMask& mask) { std::visit(Texts{mask}, message); }

}  // namespace switchyard::fleet
