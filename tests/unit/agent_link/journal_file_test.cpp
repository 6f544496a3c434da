// The journal on a real file system: what is appended is there, what is torn is forgotten, what is damaged is noticed.
#include "agent/journal/journal_file.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

#include "common/limits.hpp"
#include "tests/support/failing_sync.hpp"
#include "tests/unit/agent_link/names.hpp"

namespace switchyard::agent {
namespace {

JournalRecord record(RecordKind kind, const std::string& text = {}) {
  JournalRecord made;
  made.kind = kind;
  made.deployment = deployment;
  made.component = "api";
  made.text = text;
  return made;
}

/// Notes what is written to the file below it and what is synced.
class NotingDisk final : public JournalDisk {
 public:
  NotingDisk(const std::filesystem::path& directory, std::vector<std::string>& notes)
      : below_(directory), notes_(notes) {}
  std::unique_ptr<Lock> lock() override { return below_.lock(); }
  std::optional<std::uint64_t> present() override { return below_.present(); }
  bool open() override { return below_.open(); }
  std::uint64_t opened() const override { return below_.opened(); }
  std::uint64_t size() const override { return below_.size(); }
  std::string read(std::uint64_t at, std::size_t length) const override { return below_.read(at, length); }
  void write(std::uint64_t at, std::string_view bytes) override {
    notes_.push_back("write " + std::to_string(bytes.size()));
    below_.write(at, bytes);
  }
  void sync() override {
    notes_.push_back("sync");
    below_.sync();
  }
  int allocate(std::uint64_t size) override { return full ? ENOSPC : below_.allocate(size); }
  void replace(std::string_view bytes) override {
    if (full) throw SysError(ENOSPC, "writing " + name());
    below_.replace(bytes);
  }
  void sync_name() override {
    notes_.push_back("sync name");
    below_.sync_name();
  }
  std::string name() const override { return below_.name(); }
  bool full = false;

 private:
  PosixJournalDisk below_;
  std::vector<std::string>& notes_;
};

class Journal : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "journal-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory = pattern;
    file = directory / "journal";
  }
  void TearDown() override { std::filesystem::remove_all(directory); }

  std::vector<JournalRecord> append(JournalFile& journal, std::vector<JournalRecord> records) {
    JournalFile::Turn turn(journal);
    turn.append(records);
    return records;
  }
  /// One frame for each number.
  std::vector<JournalRecord> fill(int count) {
    JournalFile journal(directory);
    std::vector<JournalRecord> all;
    for (int i = 0; i < count; ++i) {
      for (JournalRecord& made : append(journal, {record(RecordKind::decision, std::to_string(i))}))
        all.push_back(made);
    }
    return all;
  }
  std::string contents() const {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void overwrite(const std::string& bytes) const {
    std::ofstream(file, std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<long>(bytes.size()));
  }
  /// Where the zeros behind the last frame begin.
  std::size_t used() const { return contents().find_last_not_of('\0') + 1; }

  std::filesystem::path directory;
  std::filesystem::path file;
};

/// Found by the simulation: who wrote the last frame was killed before it was synced, its successor read the frame,
/// said so, and a power cut then took it.
TEST_F(Journal, BelievesNothingThatAPowerCutCouldStillTake) {
  fill(2);
  std::vector<std::string> notes;
  JournalFile journal(std::make_unique<NotingDisk>(directory, notes), limits::journal_bytes_reserved);
  ASSERT_EQ(journal.records().size(), 2u);
  // The last frame is written once more: after a failed sync, the kernel takes its pages for clean.
  ASSERT_EQ(notes.size(), 3u);
  EXPECT_EQ(notes[0], "sync name");
  EXPECT_TRUE(notes[1].starts_with("write "));
  EXPECT_LT(std::stoi(notes[1].substr(6)), 200);
  EXPECT_EQ(notes[2], "sync");
  // The same for what the other process appends.
  JournalFile other(directory);
  append(other, {record(RecordKind::held)});
  notes.clear();
  EXPECT_EQ(JournalFile::Turn(journal).foreign().size(), 1u);
  EXPECT_EQ(notes.back(), "sync");
}

TEST_F(Journal, BeginsEmptyPrivateAndWithItsSpaceAllocated) {
  const JournalFile journal(directory);
  EXPECT_TRUE(journal.records().empty());
  struct stat facts {};
  ASSERT_EQ(::stat(file.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0600u);
  EXPECT_GE(static_cast<std::size_t>(facts.st_blocks) * 512, limits::journal_bytes_reserved / 2);
}

TEST_F(Journal, GivesBackWhatWasAppendedNumberedInOrder) {
  const std::vector<JournalRecord> written = fill(10);
  const JournalFile journal(directory);
  EXPECT_EQ(journal.records(), written);
  for (std::size_t i = 0; i < written.size(); ++i) EXPECT_EQ(written[i].seq, i + 1);
}

TEST_F(Journal, KeepsTheRecordsOfOneEventTogether) {
  {
    JournalFile journal(directory);
    append(journal, {record(RecordKind::armed), record(RecordKind::intent), record(RecordKind::extended)});
  }
  const std::string whole = contents();
  for (std::size_t length = 16; length < used(); ++length) {
    overwrite(whole.substr(0, length));
    EXPECT_TRUE(JournalFile(directory).records().empty()) << length;
  }
}

TEST_F(Journal, ForgetsATornEndAndGoesOnFromThere) {
  const std::vector<JournalRecord> written = fill(5);
  const std::string whole = contents();
  const std::size_t end = used();
  const std::size_t frame = [&] {
    JournalFile journal(directory);
    return static_cast<std::size_t>(journal.size()) - 16;
  }() / 5;
  for (std::size_t torn_at = end - frame + 1; torn_at < end; torn_at += 7) {
    std::string torn = whole;
    std::fill(torn.begin() + static_cast<long>(torn_at), torn.end(), '\0');
    overwrite(torn);
    {
      JournalFile journal(directory);
      ASSERT_EQ(journal.records().size(), 4u) << torn_at;
      append(journal, {record(RecordKind::held)});
    }
    const JournalFile journal(directory);
    ASSERT_EQ(journal.records().size(), 5u) << torn_at;
    EXPECT_EQ(journal.records()[4].kind, RecordKind::held);
    EXPECT_EQ(journal.records()[4].seq, 5u);
  }
}

/// The sectors of one write may reach the disk in any order: the end of the frame may be there and its head not.
TEST_F(Journal, ForgetsATornEndWhoseHeadIsMissing) {
  const std::vector<JournalRecord> written = fill(5);
  std::string torn = contents();
  const std::size_t end = used();
  std::fill(torn.begin() + static_cast<long>(end) - 40, torn.begin() + static_cast<long>(end) - 10, '\0');
  overwrite(torn);
  EXPECT_EQ(JournalFile(directory).records().size(), 4u);
}

/// Whatever one byte becomes: the journal is refused, or all that it gives back was written so.
TEST_F(Journal, NeverGivesBackARecordThatWasNotWritten) {
  const std::vector<JournalRecord> written = fill(6);
  const std::string whole = contents();
  const std::size_t end = used();
  std::size_t refused = 0;
  for (std::size_t at = 0; at < end; at += 5) {  // prime to the fields' widths: every field is hit
    std::string damaged = whole.substr(0, end + 64);
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    overwrite(damaged);
    try {
      const JournalFile journal(directory);
      const auto& read = journal.records();
      ASSERT_LE(read.size(), written.size());
      // Only the last frame may be taken for a torn end.
      ASSERT_GE(read.size(), written.size() - 1) << at;
      for (std::size_t i = 0; i < read.size(); ++i) ASSERT_EQ(read[i], written[i]) << at;
    } catch (const JournalCorrupt&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, end / 5 * 3 / 4);
}

TEST_F(Journal, SaysWhereItIsDamagedAndWhatThatMeans) {
  fill(3);
  std::string damaged = contents();
  damaged[40] ^= 1;
  overwrite(damaged);
  try {
    const JournalFile journal(directory);
    FAIL() << "a damaged journal was opened";
  } catch (const JournalCorrupt& error) {
    EXPECT_NE(std::string(error.what()).find("damaged at byte 16"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("No steps are run"), std::string::npos) << error.what();
  }
}

TEST_F(Journal, ShowsEachWriterWhatTheOtherAppendedBeforeItMayWrite) {
  JournalFile agent(directory);
  JournalFile dead_man(directory);
  append(agent, {record(RecordKind::armed)});
  {
    JournalFile::Turn turn(dead_man);
    ASSERT_EQ(turn.foreign().size(), 1u);
    EXPECT_EQ(turn.foreign()[0].kind, RecordKind::armed);
    std::vector<JournalRecord> decision{record(RecordKind::decision, "deadline")};
    turn.append(decision);
    EXPECT_EQ(decision[0].seq, 2u);
  }
  {
    JournalFile::Turn turn(agent);
    ASSERT_EQ(turn.foreign().size(), 1u);
    EXPECT_EQ(turn.foreign()[0].text, "deadline");
  }
  EXPECT_TRUE(JournalFile::Turn(agent).foreign().empty());
  EXPECT_TRUE(JournalFile::Turn(dead_man).foreign().empty());
}

TEST_F(Journal, LetsOneWriterInAtATime) {
  JournalFile agent(directory);
  JournalFile dead_man(directory);
  std::atomic<bool> agent_is_done{false};
  std::optional<JournalFile::Turn> turn(std::in_place, agent);
  std::jthread other([&] {
    const JournalFile::Turn waited(dead_man);
    EXPECT_TRUE(agent_is_done);
    EXPECT_EQ(waited.foreign().size(), 1u);
  });
  std::vector<JournalRecord> held{record(RecordKind::held)};
  turn->append(held);
  agent_is_done = true;
  turn.reset();
}

TEST_F(Journal, IsShorterAfterACompactionAndTheOtherWriterFollows) {
  JournalFile agent(directory);
  JournalFile dead_man(directory);
  for (int i = 0; i < 50; ++i) append(agent, {record(RecordKind::intent, std::to_string(i))});
  const std::uint64_t before = agent.size();
  {
    JournalFile::Turn turn(agent);
    turn.replace({record(RecordKind::epoch), record(RecordKind::fence)});
  }
  EXPECT_LT(agent.size(), before);
  append(agent, {record(RecordKind::plan)});
  {
    const JournalFile::Turn turn(dead_man);
    EXPECT_TRUE(turn.rewritten());
    ASSERT_EQ(turn.foreign().size(), 3u);
    EXPECT_EQ(turn.foreign()[2].kind, RecordKind::plan);
  }
  append(agent, {record(RecordKind::held)});
  {
    const JournalFile::Turn turn(dead_man);
    EXPECT_FALSE(turn.rewritten());
    EXPECT_EQ(turn.foreign().size(), 1u);
  }
  EXPECT_EQ(JournalFile(directory).records().size(), 4u);
}

TEST_F(Journal, KeepsItsRoomAndItsRecordsWhereTheDiskIsTooFullForACompaction) {
  std::vector<std::string> notes;
  auto noting = std::make_unique<NotingDisk>(directory, notes);
  NotingDisk& disk = *noting;
  JournalFile journal(std::move(noting), 64 * 1024);
  for (int i = 0; i < 5; ++i) append(journal, {record(RecordKind::intent, std::to_string(i))});
  disk.full = true;
  EXPECT_FALSE(JournalFile::Turn(journal).replace({record(RecordKind::epoch)}));
  EXPECT_TRUE(journal.has_room());
  append(journal, {record(RecordKind::reverted)});
  EXPECT_EQ(JournalFile(directory).records().size(), 6u);
}

/// Else who fills the disk just then takes what the old file had.
TEST_F(Journal, HasItsRoomFromTheMomentOfACompactionOn) {
  std::vector<std::string> notes;
  auto noting = std::make_unique<NotingDisk>(directory, notes);
  NotingDisk& disk = *noting;
  constexpr std::uint64_t bytes_reserved = 64 * 1024;
  JournalFile journal(std::move(noting), bytes_reserved);
  append(journal, {record(RecordKind::intent)});
  EXPECT_TRUE(JournalFile::Turn(journal).replace({record(RecordKind::epoch), record(RecordKind::fence)}));
  disk.full = true;
  EXPECT_TRUE(journal.has_room());
  EXPECT_TRUE(journal.has_room(bytes_reserved / 2));
  EXPECT_FALSE(journal.has_room(bytes_reserved / 2 + 1));
  EXPECT_GE(std::filesystem::file_size(file), journal.size() + bytes_reserved);
  append(journal, {record(RecordKind::reverted)});
  EXPECT_EQ(JournalFile(directory).records().size(), 3u);
}

TEST_F(Journal, GrowsBeyondItsFirstReserve) {
  {
    JournalFile journal(directory);
    for (int i = 0; i < 10; ++i) {
      JournalRecord plan = record(RecordKind::plan);
      plan.plan.slice = std::string(200'000, 's');
      append(journal, {plan});
    }
    EXPECT_GT(journal.size(), limits::journal_bytes_reserved);
  }
  EXPECT_EQ(JournalFile(directory).records().size(), 10u);
}

void revert_on_a_full_disk(const std::filesystem::path& directory) {
  std::signal(SIGXFSZ, SIG_IGN);
  JournalFile journal(directory);
  const rlimit full{std::filesystem::file_size(directory / "journal"), RLIM_INFINITY};
  if (::setrlimit(RLIMIT_FSIZE, &full) != 0) std::_Exit(1);
  for (int i = 0; i < 200; ++i) {
    JournalFile::Turn turn(journal);
    std::vector<JournalRecord> records{record(RecordKind::intent), record(RecordKind::result, "undone")};
    turn.append(records);
  }
  std::_Exit(JournalFile(directory).records().size() == 400 ? 0 : 2);
}

/// "Full" is what the kernel says of a file that may not grow any more; the records must fit into what was reserved.
TEST_F(Journal, WritesTwoHundredStepsOfARevertWhenTheFileCannotGrow) {
  EXPECT_EXIT(revert_on_a_full_disk(directory), testing::ExitedWithCode(0), "");
}

TEST_F(Journal, EndsTheProcessBeforeARecordIsSaidToBeDurable) {
  std::atomic<bool> broken = false;
  EXPECT_EXIT(failing_sync::run([&](const failing_sync::Sync& sync) { return broken && sync.of == file; },
                                [&] {
                                  JournalFile journal(directory);
                                  append(journal, {record(RecordKind::plan)});
                                  broken = true;
                                  append(journal, {record(RecordKind::held)});
                                }),
              failing_sync::ended_itself, "fdatasync failed, state on disk is unknown; ending the process");
  EXPECT_GE(JournalFile(directory).records().size(), 1u);
}

/// Also of the name of a new journal, and of one that takes the place of the other in a compaction.
TEST_F(Journal, EndsTheProcessWhicheverSyncFails) {
  const int syncs = failing_sync::expect_each_to_end_the_process(
      failing_sync::is_any,
      [&] {
        std::filesystem::remove_all(directory);
        std::filesystem::create_directory(directory);
      },
      [&] {
        JournalFile journal(directory);               // the file, its name, and its name as it is read
        append(journal, {record(RecordKind::held)});  // the file
        const JournalFile other(directory);           // its name, and the frame that was read
        JournalFile::Turn(journal).replace({});       // as at the beginning
      });
  EXPECT_EQ(syncs, 9);
}

TEST_F(Journal, NeverWritesAFrameThatItCouldNotReadBack) {
  JournalFile journal(directory);
  JournalRecord plan = record(RecordKind::plan);
  plan.plan.slice = std::string(limits::journal_record_bytes_max, 's');
  EXPECT_ANY_THROW(append(journal, {plan}));
  append(journal, {record(RecordKind::held)});
  EXPECT_EQ(JournalFile(directory).records().size(), 1u);
}

}  // namespace
}  // namespace switchyard::agent
