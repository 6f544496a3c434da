#include "tests/simulation/stored_texts.hpp"

#include "protocol/plan.hpp"

namespace switchyard::simulation {
namespace {

using Look = std::function<void(const char*, std::string_view)>;

void look_at_history(const store::MemoryDisk& disk, const Look& look) {
  for (const auto& [id, row] : disk.deployments) {
    look("deployments", row.reason);
    for (const model::Failure& failure : row.failures) look("deployments", failure.message);
  }
  for (const auto& [id, entries] : disk.timelines) {
    for (const model::TimelineEntry& entry : entries) {
      look("timeline", entry.text);
      for (const auto& [name, value] : entry.fields) {
        look("timeline", name);
        look("timeline", value);
      }
    }
  }
  for (const store::StoredAudit& row : disk.audit) {
    for (const std::string* text : {&row.entry.object, &row.entry.reason, &row.entry.principal}) look("audit", *text);
    for (const auto& [name, value] : row.entry.details) look("audit", value);
  }
}

void look_at_plans(const store::MemoryDisk& disk, const Look& look) {
  for (const auto& [id, plan] : disk.plans) {
    look("plans", plan.header);
    for (const auto& [host, slice] : plan.slices) look("plans", protocol::encode_slice(slice));
  }
  for (const auto& [id, source] : disk.sources) {
    look("sources", source.manifest);
    for (const auto& [component, file] : source.configuration.components) {
      for (const model::ConfigurationPart& part : file.parts) {
        for (const model::ConfigurationPiece& piece : part.pieces) look("sources", piece.text);
      }
    }
  }
}

}  // namespace

void for_each_text(const store::MemoryDisk& disk, const Look& look) {
  look_at_history(disk, look);
  look_at_plans(disk, look);
  for (const auto& [name, versions] : disk.guarded.secrets) {
    for (const model::SecretRow& row : versions) look("secrets", row.sealed);
  }
  for (const auto& [id, row] : disk.hosts) look("hosts", row.agent_version);
}

}  // namespace switchyard::simulation
