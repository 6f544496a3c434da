// libFuzzer target: the agent's journal. The first byte chooses what the rest is: the payload of one frame; a whole
// file; or payloads that become frames with right checksums, with a torn end behind them. What was written whole must
// be read back, a torn end must cost nothing before it, and what cannot be read is said so by exception.
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "agent/core/agent_core.hpp"
#include "agent/journal/journal_file.hpp"
#include "agent/journal/record_codec.hpp"
#include "common/crc32c.hpp"
#include "common/ensure.hpp"
#include "common/log.hpp"

namespace {

using namespace switchyard;

constexpr std::string_view magic("SYJ1\0\0\0\0\0\0\0\0\0\0\0\0", 16);
constexpr std::uint64_t room = 512;  // instead of a megabyte: each run reads all of it

/// One file in memory, which outlives the journals that are opened on it.
class MemoryDisk final : public agent::JournalDisk {
 public:
  explicit MemoryDisk(std::string& file) : file_(file) {}

  std::unique_ptr<Lock> lock() override { return std::make_unique<Lock>(); }
  std::optional<std::uint64_t> present() override { return 1; }
  bool open() override { return true; }
  std::uint64_t opened() const override { return 1; }
  std::uint64_t size() const override { return file_.size(); }
  std::string read(std::uint64_t at, std::size_t length) const override {
    return at < file_.size() ? file_.substr(at, length) : std::string();
  }
  void write(std::uint64_t at, std::string_view bytes) override {
    if (file_.size() < at + bytes.size()) file_.resize(at + bytes.size());
    file_.replace(at, bytes.size(), bytes);
  }
  void sync() override {}
  int allocate(std::uint64_t size) override {
    if (file_.size() < size) file_.resize(size);
    return 0;
  }
  void replace(std::string_view bytes) override { file_ = bytes; }
  void sync_name() override {}
  std::string name() const override { return "journal"; }

 private:
  std::string& file_;
};

using Records = std::vector<agent::JournalRecord>;

std::optional<Records> records_of(std::string& file) {
  try {
    return agent::JournalFile(std::make_unique<MemoryDisk>(file), room).records();
  } catch (const agent::JournalCorrupt&) {
  } catch (const DecodeError&) {
  }
  return std::nullopt;
}

void try_replay(const Records& records) {
  const agent::CoreIdentity identity{HostId("h1"), std::string(32, 'k')};
  try {
    agent::AgentCore core(identity, agent::Role::agent, records);
    core.apply(agent::Began{"boot"}, 1);
    // What a compaction writes says the same.
    const agent::AgentCore again(identity, agent::Role::agent, core.snapshot());
    ENSURE(again.max_epoch() == core.max_epoch());
  } catch (const DecodeError&) {
  }
}

void try_payload(std::string_view bytes) {
  try {
    const Records records = agent::decode_records(bytes);
    const std::string written = agent::encode_records(records);
    ENSURE(agent::encode_records(agent::decode_records(written)) == written);
    try_replay(records);
  } catch (const DecodeError&) {
  }
}

template <class T>
void put(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

std::string frame_of(std::uint64_t seq, std::string_view payload) {
  std::string checked;
  put(checked, seq);
  checked += payload;
  std::string frame;
  put(frame, static_cast<std::uint32_t>(payload.size()));
  put(frame, crc32c(checked));
  return frame + checked;
}

/// Payloads of up to 255 bytes behind a byte of length each; the last of them is torn at a place that it names.
void try_frames(std::string_view bytes) {
  std::string file(magic);
  std::size_t whole = 0;
  std::uint64_t seq = 0;
  while (bytes.size() >= 2) {
    const auto length = static_cast<unsigned char>(bytes[0]);
    const auto torn = static_cast<unsigned char>(bytes[1]);
    const std::string_view payload = bytes.substr(2, length);
    bytes.remove_prefix(2 + payload.size());
    if (payload.empty()) continue;
    const std::string frame = frame_of(++seq, payload);
    const std::size_t kept = torn % frame.size();
    // Behind a torn end there are zeros: a frame that lacks nothing but zeros is whole.
    if (bytes.size() < 2 && torn != 0 && frame.find_first_not_of('\0', kept) != std::string::npos) {
      file += frame.substr(0, kept);
      break;
    }
    try {
      whole += agent::decode_records(payload).size();
    } catch (const DecodeError&) {
      return;  // a frame of ours that is no frame of the journal's is its own case
    }
    file += frame;
  }
  const auto records = records_of(file);
  ENSURE(records && records->size() == whole);  // a torn end costs nothing of what stands before it
  // The torn end is gone for good: what is written now is read behind it.
  agent::JournalFile journal(std::make_unique<MemoryDisk>(file), room);
  agent::JournalRecord record;
  record.kind = agent::RecordKind::held;
  record.deployment = DeploymentId("d-0123456789abcdef");
  Records written{record};
  agent::JournalFile::Turn(journal).append(written);
  const auto again = records_of(file);
  ENSURE(again && again->size() == whole + 1 && again->back() == written.back());
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  log::set_up("fuzz", log::Level::off);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      try_payload(bytes);
      break;
    case 1: {
      std::string file(magic);
      file += bytes;
      if (const auto records = records_of(file)) {
        ENSURE(records_of(file) == records);  // opening it changed nothing
      }
      break;
    }
    default:
      try_frames(bytes);
      break;
  }
  return 0;
}
