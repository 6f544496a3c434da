#include "agent/journal/journal_file.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "agent/journal/record_codec.hpp"
#include "common/crc32c.hpp"
#include "common/ensure.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "common/planted.hpp"

namespace switchyard::agent {
namespace {

constexpr std::string_view magic("SYJ1\0\0\0\0\0\0\0\0\0\0\0\0", 16);
constexpr std::size_t head_bytes = 16;

template <class T>
void put(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

template <class T>
T get(const std::string& bytes, std::size_t at) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value |= static_cast<T>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return value;
}

struct Frame {
  std::uint64_t seq = 0;
  std::string_view payload;
};

/// Nothing unless a whole frame with a right checksum begins at `at`.
bool read_frame(const std::string& bytes, std::size_t at, Frame& frame) {
  if (at + head_bytes > bytes.size()) return false;
  const auto length = get<std::uint32_t>(bytes, at);
  if (length == 0 || length > limits::journal_record_bytes_max || at + head_bytes + length > bytes.size()) return false;
  const std::string_view checked(bytes.data() + at + 8, 8 + length);
  if (crc32c(checked) != get<std::uint32_t>(bytes, at + 4) && !PLANTED(torn_frame_is_believed)) return false;
  frame.seq = get<std::uint64_t>(bytes, at + 8);
  frame.payload = checked.substr(8);
  return true;
}

/// Of the room that is kept behind the records, which is large: compared with itself, one byte further on.
bool is_all_zeros(std::string_view bytes) {
  return bytes.empty() || (bytes.front() == '\0' && bytes.substr(1) == bytes.substr(0, bytes.size() - 1));
}

bool has_one(const std::vector<JournalRecord>& records, RecordKind kind) {
  return std::any_of(records.begin(), records.end(), [&](const auto& record) { return record.kind == kind; });
}

/// By a planted bug alone.
bool is_left_unsynced(const std::vector<JournalRecord>& records) {
  return PLANTED(nothing_is_synced) || (PLANTED(held_is_not_synced) && has_one(records, RecordKind::held)) ||
         (PLANTED(epoch_is_not_synced) && has_one(records, RecordKind::epoch)) ||
         (PLANTED(plan_is_not_synced) && has_one(records, RecordKind::plan)) ||
         (PLANTED(deadline_is_not_synced) && has_one(records, RecordKind::armed)) ||
         (PLANTED(result_is_not_synced) && has_one(records, RecordKind::result)) ||
         (PLANTED(end_is_not_synced) &&
          (has_one(records, RecordKind::committed) || has_one(records, RecordKind::reverted)));
}

}  // namespace

JournalFile::JournalFile(const std::filesystem::path& directory)
    : JournalFile(std::make_unique<PosixJournalDisk>(directory), limits::journal_bytes_reserved) {}

JournalFile::JournalFile(std::unique_ptr<JournalDisk> disk, std::uint64_t bytes_reserved)
    : disk_(std::move(disk)), bytes_reserved_(bytes_reserved) {
  const Turn turn(*this);
  records_ = turn.foreign();
}

bool JournalFile::open() {
  const bool first = allocated_ == 0;
  if (!first && disk_->present() == disk_->opened()) return false;
  if (!disk_->open()) {
    disk_->replace(magic);
    disk_->open();
  }
  disk_->sync_name();
  allocated_ = disk_->size();
  end_ = magic.size();
  frame_seq_ = 0;
  reserve(0);
  return !first;
}

/// Reads on from `end_`. A torn end is overwritten with zeros, so that it never meets a later frame.
std::vector<JournalRecord> JournalFile::read_tail() {
  // Only the tail when there is one to read on from: the first word of a frame tells.
  if (end_ > magic.size() && disk_->read(end_, 4) == std::string(4, '\0')) return {};
  const std::string path = disk_->name();
  const std::string bytes = disk_->read(0, static_cast<std::size_t>(disk_->size()));
  if (bytes.compare(0, magic.size(), magic) != 0) throw JournalCorrupt(path + " is not a journal of this version");
  std::vector<JournalRecord> records;
  Frame frame;
  std::uint64_t last = end_;
  while (read_frame(bytes, end_, frame)) {
    if (frame.seq != frame_seq_ + 1) {
      throw JournalCorrupt(path + ": frame " + std::to_string(frame.seq) + " follows frame " +
                           std::to_string(frame_seq_));
    }
    for (JournalRecord& record : decode_records(frame.payload)) {
      record_seq_ = record.seq;
      records.push_back(std::move(record));
    }
    frame_seq_ = frame.seq;
    last = end_;
    end_ += head_bytes + frame.payload.size();
  }
  if (is_all_zeros(std::string_view(bytes).substr(end_))) {
    if (!records.empty()) make_durable(bytes, last);
    return records;
  }
  if (valid_frame_follows(bytes, end_)) {
    throw JournalCorrupt(path + ": damaged at byte " + std::to_string(end_) +
                         ", and records follow. No steps are run; see `switchyard-agent status`");
  }
  log::warning("journal had a torn end", {{"path", path}, {"byte", end_}});
  disk_->write(end_, std::string(bytes.size() - end_, '\0'));
  make_durable(bytes, last);
  return records;
}

/// Nothing may be believed that a power cut could still take: who wrote the last frame may have died before it was on
/// the disk, or of a sync that failed, after which the kernel takes pages for clean that are not. So it is written once
/// more. (The frames before it were on the disk before it was begun.)
void JournalFile::make_durable(const std::string& bytes, std::uint64_t last) {
  if (PLANTED(journal_is_believed_before_it_is_synced)) return;
  if (last < end_) disk_->write(last, std::string_view(bytes).substr(last, end_ - last));
  disk_->sync();
}

bool JournalFile::valid_frame_follows(const std::string& bytes, std::size_t from) const {
  Frame frame;
  for (std::size_t at = from + 1; at + head_bytes < bytes.size(); ++at) {
    // The sequence number is compared first: it is cheap, and a checksum of every offset is not.
    // Between the damaged frame, which had the next number, and this one there is room for so many: what a torn
    // payload holds by chance is no frame of ours.
    const auto seq = get<std::uint64_t>(bytes, at + 8);
    const std::uint64_t most = frame_seq_ + 1 + (at - from) / (head_bytes + 1);
    if (seq > frame_seq_ + 1 && seq <= most && read_frame(bytes, at, frame)) return true;
  }
  return false;
}

/// The numbers advance only when the whole frame is made: a record that cannot be encoded leaves the journal as it was.
std::string JournalFile::frame_of(std::vector<JournalRecord>& records) {
  std::uint64_t seq = record_seq_;
  for (JournalRecord& record : records) record.seq = ++seq;
  std::string checked;
  put(checked, frame_seq_ + 1);
  checked += encode_records(records);
  // A longer frame would be taken for a torn end, and be forgotten, when the journal is opened again.
  ENSURE(checked.size() - 8 <= limits::journal_record_bytes_max);
  record_seq_ = seq;
  ++frame_seq_;
  std::string frame;
  put(frame, static_cast<std::uint32_t>(checked.size() - 8));
  put(frame, crc32c(checked));
  return frame + checked;
}

/// Makes room for `bytes` and, behind them, for all that a revert needs. 0, or why there is none.
int JournalFile::grow(std::uint64_t bytes) {
  const std::uint64_t wanted = end_ + bytes + bytes_reserved_ / 2;
  if (wanted <= allocated_) return 0;
  const std::uint64_t size = wanted + bytes_reserved_ / 2;
  const int error = disk_->allocate(size);
  if (error == 0) allocated_ = size;
  return error;
}

void JournalFile::reserve(std::uint64_t bytes) {
  const int error = grow(bytes);
  if (error == 0) return;
  // The room behind is there for just this moment; without it nothing may be promised any more.
  if (end_ + bytes <= allocated_) {
    log::warning("journal could not grow", {{"errno", error}, {"left_bytes", allocated_ - end_ - bytes}});
    return;
  }
  throw SysError(error, "growing " + disk_->name());
}

bool JournalFile::has_room(std::uint64_t bytes) { return grow(bytes) == 0; }

JournalFile::Turn::Turn(JournalFile& journal) : journal_(journal), lock_(journal.disk_->lock()) {
  rewritten_ = journal_.open();
  if (PLANTED(journal_is_not_read_again) && journal_.frame_seq_ > 0) return;
  foreign_ = journal_.read_tail();
}

void JournalFile::Turn::append(std::vector<JournalRecord>& records) {
  if (records.empty()) return;
  const std::string frame = journal_.frame_of(records);
  journal_.reserve(frame.size());
  journal_.disk_->write(journal_.end_, frame);
  if (!is_left_unsynced(records)) journal_.disk_->sync();
  journal_.end_ += frame.size();
}

bool JournalFile::Turn::replace(std::vector<JournalRecord> records) {
  const std::uint64_t frames_before = std::exchange(journal_.frame_seq_, 0);
  const std::uint64_t records_before = journal_.record_seq_;
  std::string bytes(magic);
  // A frame of its own for each record, since a plan alone may fill one.
  for (JournalRecord& record : records) {
    std::vector<JournalRecord> one{std::move(record)};
    bytes += journal_.frame_of(one);
  }
  const std::uint64_t end = bytes.size();
  // With its room from the start: the room of the old file is given up for a new one that has as much, or not at all.
  bytes.resize(end + journal_.bytes_reserved_, '\0');
  try {
    journal_.disk_->replace(bytes);
  } catch (const SysError& error) {
    if (error.error_number != ENOSPC && error.error_number != EDQUOT) throw;
    log::warning("journal could not be compacted, and goes on as it is", {{"why", error.what()}});
    journal_.frame_seq_ = frames_before;
    journal_.record_seq_ = records_before;
    return false;
  }
  const std::uint64_t frames = journal_.frame_seq_;
  journal_.open();
  journal_.frame_seq_ = frames;
  journal_.end_ = end;
  return true;
}

}  // namespace switchyard::agent
