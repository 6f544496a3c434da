#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "agent/core/journal_record.hpp"
#include "agent/journal/journal_disk.hpp"
#include "common/error.hpp"

namespace switchyard::agent {

/// Bytes inside the journal are not what was written: not a torn end, which is normal after a power cut. The agent then
/// runs in SAFE mode: no steps, services keep running, a person looks at it.
struct JournalCorrupt : Error {
  using Error::Error;
};

/// The agent's memory on disk. Two processes write it, the agent and the dead-man, each only while it holds the lock
/// and has read what the other appended: whichever of HELD and "revert" is written first, wins.
///
///   file    magic "SYJ1" and 12 zero bytes, frames, zeros
///   frame   u32 length of the payload, u32 crc32c over (seq, payload), u64 seq, payload; little endian
///   payload the records of one event, MessagePack (record_codec.hpp)
///
/// A frame is on disk (fdatasync) before the next is begun. So an invalid frame is a torn end when no valid frame
/// follows it, and corruption when one does. Space is allocated ahead: a revert can be written with no byte free.
///
/// Used by one thread. Throws SysError; a failed fdatasync aborts the process.
class JournalFile {
 public:
  /// Opens `<directory>/journal`, or makes it. Throws JournalCorrupt.
  explicit JournalFile(const std::filesystem::path& directory);
  /// `bytes_reserved`: allocated ahead.
  JournalFile(std::unique_ptr<JournalDisk> disk, std::uint64_t bytes_reserved);

  /// Everything that stood in the journal when it was opened.
  const std::vector<JournalRecord>& records() const { return records_; }

  /// The right to write. Waits for the other process, which holds it for milliseconds.
  class Turn {
   public:
    explicit Turn(JournalFile& journal);
    /// What the other process appended since our last turn.
    const std::vector<JournalRecord>& foreign() const { return foreign_; }
    /// The other process has compacted the journal: foreign() is all that stands there, most of it read before.
    bool rewritten() const { return rewritten_; }
    /// Durable when it returns. Numbers the records.
    void append(std::vector<JournalRecord>& records);
    /// Puts these records in the place of all that stands there: a compaction. False: the disk has no room for a second
    /// journal beside the first, which stays as it is.
    bool replace(std::vector<JournalRecord> records);

   private:
    JournalFile& journal_;
    std::unique_ptr<JournalDisk::Lock> lock_;
    std::vector<JournalRecord> foreign_;
    bool rewritten_ = false;
  };

  /// There is room for `bytes` and, behind them, for what a whole deployment and its revert need. Tries to make it.
  bool has_room(std::uint64_t bytes = 0);
  /// Bytes in use: compact when it is large and nothing is open.
  std::uint64_t size() const { return end_; }

 private:
  /// True when the file is another one than at the last turn.
  bool open();
  std::vector<JournalRecord> read_tail();
  void make_durable(const std::string& bytes, std::uint64_t last);
  bool valid_frame_follows(const std::string& bytes, std::size_t from) const;
  std::string frame_of(std::vector<JournalRecord>& records);
  int grow(std::uint64_t bytes);
  void reserve(std::uint64_t bytes);

  std::unique_ptr<JournalDisk> disk_;
  std::uint64_t bytes_reserved_;
  std::uint64_t end_ = 0;        ///< where the next frame goes
  std::uint64_t allocated_ = 0;  ///< size of the file
  std::uint64_t frame_seq_ = 0;
  std::uint64_t record_seq_ = 0;
  std::vector<JournalRecord> records_;
};

}  // namespace switchyard::agent
