// The journal of an agent as released: the version before and after must read it. ACCEPT=1 writes it anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "agent/journal/record_codec.hpp"
#include "common/hex.hpp"
#include "tests/support/source_tree.hpp"

namespace switchyard::agent {
namespace {

/// One record of every kind, every field set.
std::vector<JournalRecord> samples() {
  std::vector<JournalRecord> records;
  for (int kind = static_cast<int>(RecordKind::epoch); kind <= static_cast<int>(RecordKind::fence); ++kind) {
    JournalRecord record;
    record.seq = static_cast<std::uint64_t>(kind);
    record.kind = static_cast<RecordKind>(kind);
    record.epoch = 70'000;
    record.deployment = DeploymentId("d-0123456789abcdef");
    record.component = "api";
    record.stage = 2;
    record.step = StepId(std::string(32, 'e'));
    record.undo = true;
    record.commit = true;
    record.boot_id = "5d0a1f1c-0f0e-4a8e-9d7e-0a1b2c3d4e5f";
    record.deadline_boot_ms = 123'456'789;
    record.text = "why";
    record.result = {protocol::StepState::failed, -1, 250, true, "timeout", "it took too long", {{"main_pid", "42"}}};
    record.plan = {"header", "slice", std::string(64, 's')};
    records.push_back(record);
  }
  return records;
}

TEST(Golden, JournalIsWrittenAndReadAsReleased) {
  const std::filesystem::path path = testing::source_tree() / "tests/golden/protocol/journal.hex";
  const std::string now = to_hex(encode_records(samples())) + "\n";
  if (std::getenv("ACCEPT") != nullptr) std::ofstream(path) << now;
  std::stringstream accepted;
  accepted << std::ifstream(path).rdbuf();
  EXPECT_EQ(now, accepted.str()) << "written in another way";
  std::string digits = accepted.str();
  std::erase(digits, '\n');
  EXPECT_EQ(decode_records(from_hex(digits).value_or("")), samples()) << "read in another way";
}

}  // namespace
}  // namespace switchyard::agent
