#include "coordinator/fleet/artifact_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "common/crypto.hpp"
#include "common/error.hpp"
#include "common/file_system.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"

namespace switchyard::fleet {
namespace {

/// Ids come from outside and become a path: exactly 64 hexadecimal digits, or nothing is opened.
bool is_release_id(const ReleaseId& release) {
  const std::string& text = release.str();
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// Of a directory whose artifact is no longer there.
constexpr std::string_view dropped_prefix = "dropped-";

std::uint64_t chunk_size(const protocol::ArtifactManifest& manifest, std::size_t index) {
  const std::uint64_t start = static_cast<std::uint64_t>(index) * manifest.chunk_bytes;
  return std::min<std::uint64_t>(manifest.chunk_bytes, manifest.bytes - start);
}

void write_at(int descriptor, std::string_view bytes, std::uint64_t offset, const std::string& what) {
  while (!bytes.empty()) {
    const ssize_t done = ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) throw_errno("writing " + what);
    bytes.remove_prefix(static_cast<std::size_t>(done));
    offset += static_cast<std::uint64_t>(done);
  }
}

/// Fewer bytes only at the end of the file.
std::string read_at(int descriptor, std::uint64_t offset, std::size_t length, const std::string& what) {
  std::string bytes(length, '\0');
  std::size_t done = 0;
  while (done < length) {
    const ssize_t got = ::pread(descriptor, bytes.data() + done, length - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("reading " + what);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace

protocol::ArtifactManifest ArtifactStore::checked(const ReleaseId& release, const std::string& manifest) {
  if (!is_release_id(release) || protocol::release_id(manifest) != release) {
    throw DecodeError("the manifest's digest is not the release's id " + release.str());
  }
  return protocol::decode_artifact(manifest);
}

std::vector<std::uint32_t> ArtifactStore::begin(const ReleaseId& release, const std::string& manifest) {
  protocol::ArtifactManifest decoded = checked(release, manifest);
  if (complete_here(release)) {
    if (this->manifest(release) && is_sound(release, decoded)) return {};
    reopen(release);
  }
  auto upload = uploads_.find(release);
  if (upload == uploads_.end()) {
    // Any one goes: its chunks stay in the file, and are looked at again when its upload goes on.
    if (uploads_.size() >= limits::open_uploads_max) uploads_.erase(uploads_.begin());
    PosixFileSystem files;
    files.create_directories(place(release), 0700);
    files.write_atomically(place(release) / "manifest", manifest, 0600);
    upload = uploads_.emplace(release, open_upload(release, std::move(decoded))).first;
  }
  std::vector<std::uint32_t> missing;
  for (std::size_t i = 0; i < upload->second.present.size(); ++i) {
    if (!upload->second.present[i]) missing.push_back(static_cast<std::uint32_t>(i));
  }
  return missing;
}

std::optional<ArtifactStore::Stamp> ArtifactStore::stamp(const ReleaseId& release) const {
  struct stat status {};
  if (::stat((place(release) / "archive").c_str(), &status) != 0) return std::nullopt;
  return Stamp{status.st_ino, static_cast<std::uint64_t>(status.st_size), status.st_ctim.tv_sec,
               status.st_ctim.tv_nsec};
}

bool ArtifactStore::is_sound(const ReleaseId& release, const protocol::ArtifactManifest& manifest) {
  const std::optional<Stamp> now = stamp(release);
  if (!now || now->bytes != manifest.bytes) return false;
  const auto known = sound_.find(release);
  if (known != sound_.end() && known->second == *now) return true;
  const std::filesystem::path path = place(release) / "archive";
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) throw_errno("opening " + path.string());
  for (std::size_t i = 0; i < manifest.chunks.size(); ++i) {
    const std::string bytes = read_at(file.get(), i * std::uint64_t{manifest.chunk_bytes},
                                      static_cast<std::size_t>(chunk_size(manifest, i)), path.string());
    if (sha256(bytes) != manifest.chunks[i]) return false;
  }
  sound_.insert_or_assign(release, *now);
  return true;
}

/// Its sound chunks stay, and are found by open_upload().
void ArtifactStore::reopen(const ReleaseId& release) const {
  log::error("artifact is damaged, and asked for anew", {{"release", release.str()}});
  const std::filesystem::path archive = place(release) / "archive";
  if (::rename(archive.c_str(), (place(release) / "archive.partial").c_str()) != 0) {
    throw_errno("renaming " + archive.string());
  }
  sync_directory_or_abort(place(release));
}

ArtifactStore::Upload ArtifactStore::open_upload(const ReleaseId& release, protocol::ArtifactManifest manifest) const {
  const std::filesystem::path path = place(release) / "archive.partial";
  Upload upload;
  upload.file = FileDescriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!upload.file) throw_errno("opening " + path.string());
  struct stat status {};
  if (::fstat(upload.file.get(), &status) != 0) throw_errno("looking at " + path.string());
  if (static_cast<std::uint64_t>(status.st_size) > manifest.bytes &&
      ::ftruncate(upload.file.get(), static_cast<off_t>(manifest.bytes)) != 0) {
    throw_errno("shortening " + path.string());
  }
  upload.present.resize(manifest.chunks.size());
  for (std::size_t i = 0; i < manifest.chunks.size(); ++i) {
    const std::string bytes = read_at(upload.file.get(), i * std::uint64_t{manifest.chunk_bytes},
                                      static_cast<std::size_t>(chunk_size(manifest, i)), path.string());
    if (bytes.empty()) break;  // nothing was written from here on
    upload.present[i] = sha256(bytes) == manifest.chunks[i];
    // Who wrote it may have ended over a sync that failed: then the kernel takes it for written, and the sync of
    // complete() would find nothing to do.
    if (upload.present[i]) {
      write_at(upload.file.get(), bytes, i * std::uint64_t{manifest.chunk_bytes}, path.string());
    }
  }
  upload.manifest = std::move(manifest);
  return upload;
}

std::optional<ArtifactStore::Wrong> ArtifactStore::put_chunk(const ReleaseId& release, std::uint32_t index,
                                                             const std::string& bytes) {
  const auto found = uploads_.find(release);
  if (found == uploads_.end()) {
    if (is_release_id(release) && complete_here(release)) return std::nullopt;
    return Wrong::unknown_upload;
  }
  Upload& upload = found->second;
  if (index >= upload.present.size()) return Wrong::index;
  if (bytes.size() != chunk_size(upload.manifest, index) || sha256(bytes) != upload.manifest.chunks[index]) {
    return Wrong::digest;
  }
  write_at(upload.file.get(), bytes, std::uint64_t{index} * upload.manifest.chunk_bytes,
           "chunk " + std::to_string(index) + " of release " + release.str());
  upload.present[index] = true;
  return std::nullopt;
}

std::optional<ArtifactStore::Wrong> ArtifactStore::complete(const ReleaseId& release) {
  if (!is_release_id(release)) return Wrong::unknown_upload;
  if (complete_here(release)) return std::nullopt;
  const auto found = uploads_.find(release);
  if (found == uploads_.end()) return Wrong::unknown_upload;
  const std::vector<bool>& present = found->second.present;
  if (std::find(present.begin(), present.end(), false) != present.end()) return Wrong::incomplete;
  sync_or_abort(found->second.file.get(), "artifact " + release.str());
  const std::filesystem::path partial = place(release) / "archive.partial";
  if (::rename(partial.c_str(), (place(release) / "archive").c_str()) != 0) {
    throw_errno("renaming " + partial.string());
  }
  sync_directory_or_abort(place(release));
  uploads_.erase(found);
  if (const auto now = stamp(release)) sound_.insert_or_assign(release, *now);
  return std::nullopt;
}

bool ArtifactStore::complete_here(const ReleaseId& release) const {
  return is_release_id(release) && std::filesystem::exists(place(release) / "archive");
}

std::optional<protocol::ArtifactManifest> ArtifactStore::manifest(const ReleaseId& release) const {
  if (!complete_here(release)) return std::nullopt;
  const auto bytes = PosixFileSystem().read(place(release) / "manifest");
  if (!bytes || protocol::release_id(*bytes) != release) return std::nullopt;
  return protocol::decode_artifact(*bytes);
}

/// By one rename, so that a half-removed artifact is never taken for one.
void ArtifactStore::drop(const ReleaseId& release) {
  if (!is_release_id(release)) return;
  uploads_.erase(release);
  sound_.erase(release);
  const std::filesystem::path dropped = directory_ / (std::string(dropped_prefix) + release.str());
  std::filesystem::remove_all(dropped);
  if (::rename(place(release).c_str(), dropped.c_str()) != 0) {
    if (errno == ENOENT) return;
    throw_errno("renaming " + place(release).string());
  }
  sync_directory_or_abort(directory_);
}

bool ArtifactStore::remove_one() {
  for (const std::string& name : PosixFileSystem().list(directory_)) {
    if (!name.starts_with(dropped_prefix)) continue;
    std::filesystem::remove_all(directory_ / name);
    return true;
  }
  return false;
}

std::vector<ReleaseId> ArtifactStore::untouched_for(std::int64_t ms) const {
  const auto now = std::filesystem::file_time_type::clock::now();
  std::vector<ReleaseId> releases;
  for (const std::string& name : PosixFileSystem().list(directory_)) {
    const ReleaseId release(name);
    if (!is_release_id(release) || uploads_.contains(release)) continue;
    std::error_code gone;
    const auto changed = std::filesystem::last_write_time(directory_ / name, gone);
    if (!gone && now - changed > std::chrono::milliseconds(ms)) releases.push_back(release);
  }
  return releases;
}

protocol::Blob ArtifactStore::serve(const protocol::BlobGet& wish) const {
  protocol::Blob blob{wish.release, wish.manifest, wish.offset, {}, true};
  if (!complete_here(wish.release)) return blob;
  const std::filesystem::path path = place(wish.release) / (wish.manifest ? "manifest" : "archive");
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) throw_errno("opening " + path.string());
  const std::size_t length = std::min<std::size_t>(wish.length, limits::chunk_bytes_max);
  if (wish.offset > limits::artifact_bytes_max) return blob;
  blob.bytes = read_at(file.get(), wish.offset, length, path.string());
  blob.missing = false;
  return blob;
}

}  // namespace switchyard::fleet
