#include "agent/journal/journal_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "agent/journal/record_codec.hpp"
#include "common/crc32c.hpp"
#include "common/ensure.hpp"
#include "common/file_system.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"

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
  if (crc32c(checked) != get<std::uint32_t>(bytes, at + 4)) return false;
  frame.seq = get<std::uint64_t>(bytes, at + 8);
  frame.payload = checked.substr(8);
  return true;
}

std::string read_all(int descriptor, const std::filesystem::path& path) {
  std::string bytes;
  char buffer[65536];
  for (off_t at = 0;;) {
    const ssize_t got = ::pread(descriptor, buffer, sizeof buffer, at);
    if (got < 0) throw_errno("reading " + path.string());
    if (got == 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(got));
    at += got;
  }
}

void write_at(int descriptor, std::string_view bytes, std::uint64_t at, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t done = ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (done < 0) {
      if (errno == EINTR) continue;
      throw_errno("writing " + path.string());
    }
    bytes.remove_prefix(static_cast<std::size_t>(done));
    at += static_cast<std::uint64_t>(done);
  }
  sync_or_abort(descriptor, path.string());
}

}  // namespace

JournalFile::JournalFile(const std::filesystem::path& directory) : directory_(directory) {
  const Turn turn(*this);
  records_ = turn.foreign();
}

bool JournalFile::open() {
  const std::filesystem::path path = directory_ / "journal";
  struct stat there {};
  if (file_ && ::stat(path.c_str(), &there) == 0 && there.st_ino == inode_) return false;
  const bool first = !file_;
  file_ = FileDescriptor(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file_ && errno == ENOENT) {
    PosixFileSystem().write_atomically(path, magic, 0600);
    file_ = FileDescriptor(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  }
  if (!file_) throw_errno("opening " + path.string());
  if (::fstat(file_.get(), &there) != 0) throw_errno("reading the state of " + path.string());
  inode_ = there.st_ino;
  allocated_ = static_cast<std::uint64_t>(there.st_size);
  end_ = magic.size();
  frame_seq_ = 0;
  reserve(0);
  return !first;
}

/// Reads on from `end_`. A torn end is overwritten with zeros, so that it never meets a later frame.
std::vector<JournalRecord> JournalFile::read_tail() {
  const std::filesystem::path path = directory_ / "journal";
  // Only the tail when there is one to read on from: the first word of a frame tells.
  std::string first(4, '\0');
  if (end_ > magic.size() && ::pread(file_.get(), first.data(), 4, static_cast<off_t>(end_)) == 4 &&
      first == std::string(4, '\0')) {
    return {};
  }
  const std::string bytes = read_all(file_.get(), path);
  if (bytes.compare(0, magic.size(), magic) != 0)
    throw JournalCorrupt(path.string() + " is not a journal of this version");
  std::vector<JournalRecord> records;
  Frame frame;
  while (read_frame(bytes, end_, frame)) {
    if (frame.seq != frame_seq_ + 1) {
      throw JournalCorrupt(path.string() + ": frame " + std::to_string(frame.seq) + " follows frame " +
                           std::to_string(frame_seq_));
    }
    for (JournalRecord& record : decode_records(frame.payload)) {
      record_seq_ = record.seq;
      records.push_back(std::move(record));
    }
    frame_seq_ = frame.seq;
    end_ += head_bytes + frame.payload.size();
  }
  const std::size_t rest = bytes.find_first_not_of('\0', end_);
  if (rest == std::string::npos) return records;
  if (valid_frame_follows(bytes, end_)) {
    throw JournalCorrupt(path.string() + ": damaged at byte " + std::to_string(end_) +
                         ", and records follow. No steps are run; see `switchyard-agent status`");
  }
  log::warning("journal had a torn end", {{"path", path.string()}, {"byte", end_}});
  write_at(file_.get(), std::string(bytes.size() - end_, '\0'), end_, path);
  return records;
}

bool JournalFile::valid_frame_follows(const std::string& bytes, std::size_t from) const {
  Frame frame;
  for (std::size_t at = from + 1; at + head_bytes < bytes.size(); ++at) {
    // The sequence number is compared first: it is cheap, and a checksum of every offset is not.
    const auto seq = get<std::uint64_t>(bytes, at + 8);
    if (seq > frame_seq_ && seq <= frame_seq_ + 1'000'000 && read_frame(bytes, at, frame)) return true;
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

/// Room for `bytes` and, behind them, for all that a revert needs.
void JournalFile::reserve(std::uint64_t bytes) {
  const std::uint64_t wanted = end_ + bytes + limits::journal_bytes_reserved / 2;
  if (wanted <= allocated_) return;
  const std::uint64_t size = wanted + limits::journal_bytes_reserved / 2;
  const int error = ::posix_fallocate(file_.get(), 0, static_cast<off_t>(size));
  if (error == 0) {
    allocated_ = size;
    return;
  }
  // The room behind is there for just this moment; without it nothing may be promised any more.
  if (end_ + bytes <= allocated_) {
    log::warning("journal could not grow", {{"errno", error}, {"left_bytes", allocated_ - end_ - bytes}});
    return;
  }
  throw SysError(error, "growing the journal in " + directory_.string());
}

JournalFile::Turn::Turn(JournalFile& journal)
    : journal_(journal),
      lock_(::open((journal.directory_ / "journal.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {
  if (!lock_) throw_errno("opening the lock of the journal in " + journal.directory_.string());
  while (::flock(lock_.get(), LOCK_EX) != 0) {
    if (errno != EINTR) throw_errno("locking the journal in " + journal.directory_.string());
  }
  rewritten_ = journal_.open();
  foreign_ = journal_.read_tail();
}

void JournalFile::Turn::append(std::vector<JournalRecord>& records) {
  if (records.empty()) return;
  const std::string frame = journal_.frame_of(records);
  journal_.reserve(frame.size());
  write_at(journal_.file_.get(), frame, journal_.end_, journal_.directory_ / "journal");
  journal_.end_ += frame.size();
}

void JournalFile::Turn::replace(std::vector<JournalRecord> records) {
  journal_.frame_seq_ = 0;
  std::string bytes(magic);
  // A frame of its own for each record, since a plan alone may fill one.
  for (JournalRecord& record : records) {
    std::vector<JournalRecord> one{std::move(record)};
    bytes += journal_.frame_of(one);
  }
  const std::filesystem::path path = journal_.directory_ / "journal";
  PosixFileSystem().write_atomically(path, bytes, 0600);
  const std::uint64_t frames = journal_.frame_seq_;
  journal_.open();
  journal_.frame_seq_ = frames;
  journal_.end_ = bytes.size();
  journal_.reserve(0);
}

}  // namespace switchyard::agent
