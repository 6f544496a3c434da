#include "agent/executors/release_executor.hpp"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "agent/executors/accounts.hpp"
#include "agent/executors/release_fetch.hpp"
#include "agent/executors/unpack.hpp"
#include "common/error.hpp"
#include "common/file_system.hpp"

namespace switchyard::agent {
namespace {

/// A file takes up whole blocks; this much more than its size at worst.
constexpr std::uint64_t block_slack_bytes = 4096;

std::string staged_archive(const ReleaseId& release) { return ".staging/" + release.str() + ".archive"; }
std::string staged_tree(const ReleaseId& release) { return ".staging/" + release.str(); }

/// Why the request itself cannot be right; nothing if it can.
std::optional<std::string> refuse_request(const protocol::EnsureRelease& wanted) {
  if (!is_release_id(wanted.artifact.release.str())) return "'" + wanted.artifact.release.str() + "' is no release id";
  for (const std::string& path : wanted.shared) {
    if (const std::string why = refuse_path(path); !why.empty()) return "the shared path '" + path + "' " + why;
    for (const std::string& other : wanted.shared) {
      const bool same = &other != &path && other == path;
      const bool nested = path.size() > other.size() && path.starts_with(other + "/");
      if (same || nested) return "the shared paths '" + other + "' and '" + path + "' overlap";
    }
  }
  return std::nullopt;
}

/// Why the artifact is not the one that was planned, or is a bomb.
std::optional<std::string> refuse_manifest(const protocol::EnsureRelease& wanted,
                                           const protocol::ArtifactManifest& manifest) {
  if (manifest.bytes != wanted.artifact.bytes || manifest.unpacked_bytes != wanted.artifact.unpacked_bytes) {
    return "its chunk list speaks of " + std::to_string(manifest.bytes) + " bytes (" +
           std::to_string(manifest.unpacked_bytes) + " unpacked), the plan of " +
           std::to_string(wanted.artifact.bytes) + " (" + std::to_string(wanted.artifact.unpacked_bytes) + ")";
  }
  if (manifest.unpacked_bytes > limits::archive_ratio_free_bytes &&
      manifest.unpacked_bytes / limits::archive_ratio_max > manifest.bytes) {
    return "it would expand more than " + std::to_string(limits::archive_ratio_max) + " times";
  }
  return std::nullopt;
}

void write_file_list(const Directory& root, const ReleaseId& release, const FileList& list) {
  const std::string temporary = ".staging/" + release.str() + ".files";
  root.remove_file(temporary);
  const FileDescriptor file = root.create_file(temporary, 0444);
  write_fully(file.get(), encode_file_list(list), temporary);
  sync_or_abort(file.get(), temporary);
  root.rename(temporary, ReleaseStore::list_name(release));
}

/// Puts every file of a release anew into the tree that stands, each in one step: the directories stay those in which
/// its processes work. What a crash leaves undone is found by the next attempt, which begins again.
void restore_files(const Directory& root, const ReleaseId& release, const FileList& list) {
  const std::string from = staged_tree(release) + "/";
  const std::string to = ReleaseStore::tree_name(release) + "/";
  for (const auto& [path, wanted] : list.files) {
    const std::optional<EntryInfo> found = root.info(to + path);
    const bool is_directory = found && found->kind == EntryKind::directory;
    if (wanted.kind == EntryKind::directory && is_directory) {
      root.directory(to + path).set_mode(wanted.mode);
      continue;
    }
    if (!root.info(from + path)) continue;  // it came with its directory
    if (is_directory || wanted.kind == EntryKind::directory) root.remove_tree(to + path);
    root.rename(from + path, to + path);
  }
  root.directory(ReleaseStore::tree_name(release)).set_mode(0555);
  root.sync_file_system();
}

/// Shared paths that do not exist yet become empty directories of the service's user; what they hold is the operator's
/// and the service's.
void make_shared(const std::filesystem::path& components, const std::string& component,
                 const std::vector<std::string>& shared, const Account& owner) {
  if (shared.empty()) return;
  // Shared files may well be on a volume of their own.
  const Directory root = Directory::open(components, Mounts::cross).ensure_directory(component + "/shared", 0755);
  for (const std::string& path : shared) {
    if (root.info(path)) continue;
    const Directory made = root.ensure_directory(path, 0755);
    if (::fchown(made.descriptor(), owner.uid, owner.gid) != 0) throw_errno("setting the owner of " + made.shown());
    made.sync();
  }
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

ReleaseExecutor::ReleaseExecutor(const HostPaths& paths, BlobSource& blobs, std::uint64_t disk_reserve_bytes)
    : paths_(paths), blobs_(blobs), disk_reserve_bytes_(disk_reserve_bytes) {}

protocol::StepResult ReleaseExecutor::run(const protocol::Action& action, const StepContext& context) {
  const auto& wanted = std::get<protocol::EnsureRelease>(action);
  if (const auto why = refuse_request(wanted)) return failed("bad_request", *why);
  const std::optional<Account> owner = find_account(wanted.shared_owner);
  if (!owner)
    return failed("unknown_user", no_such_user(wanted.shared_owner, "as whom " + wanted.component + " shall run"));
  const ReleaseId& release = wanted.artifact.release;
  const ReleaseStore store = ReleaseStore::open(paths_.components, wanted.component);
  make_shared(paths_.components, wanted.component, wanted.shared, *owner);
  if (store.root().info(ReleaseStore::tree_name(release))) {
    const TreeReport found = store.verify(release, context.stop);
    if (found.intact()) return present(store, wanted, found);
    // A service that runs from a damaged release must not lose the ground under its feet: it is repaired in place.
    if (store.current() != release) {
      store.remove(release);
    } else if (found.listed && store.file_list(release)->shared != sorted(wanted.shared)) {
      return present(store, wanted, found);
    }
  }
  return install(store, wanted, context);
}

protocol::StepResult ReleaseExecutor::present(const ReleaseStore& store, const protocol::EnsureRelease& wanted,
                                              const TreeReport& found) {
  const ReleaseId& release = wanted.artifact.release;
  const std::optional<FileList> list = store.file_list(release);
  if (!list || list->shared != sorted(wanted.shared)) {
    return failed("shared_differs", "release " + release.str() + " of " + wanted.component +
                                        " was unpacked with other shared paths, and a release is never changed; "
                                        "change any file of the artifact, so that it becomes another release");
  }
  // It may have been unpacked by a run that ended before it had made the name durable.
  store.root().directory("releases").sync();
  protocol::StepResult result = done(false, "release " + release.str() + " was there already: " + found.text());
  result.evidence["extra_files"] = std::to_string(found.extra_count);
  return result;
}

protocol::StepResult ReleaseExecutor::install(const ReleaseStore& store, const protocol::EnsureRelease& wanted,
                                              const StepContext& context) {
  const ReleaseId& release = wanted.artifact.release;
  ReleaseFetch fetch(blobs_, release, context);
  const protocol::ArtifactManifest manifest = fetch.manifest();
  if (const auto why = refuse_manifest(wanted, manifest)) {
    return failed("bad_archive", "the artifact " + release.str() + " is refused: " + *why);
  }
  const std::string archive_name = staged_archive(release);
  std::uint64_t fetched = 0;
  {
    const FileDescriptor archive = store.root().open_or_create_file(archive_name, 0600);
    const std::uint64_t there = fetch.verified_prefix(archive.get(), manifest);
    const std::uint64_t needed =
        manifest.bytes - there + manifest.unpacked_bytes + manifest.entries * block_slack_bytes + disk_reserve_bytes_;
    const std::uint64_t available = store.root().free_bytes();
    if (available < needed) {
      return failed("disk_full", "release " + release.str() + " needs " + std::to_string(needed) + " bytes at " +
                                     store.root().shown() + " (" + std::to_string(disk_reserve_bytes_) +
                                     " of them stay in reserve), " + std::to_string(available) +
                                     " are free: prune old releases or make room");
    }
    fetched = fetch.complete(archive.get(), manifest, there);
  }
  unpack_aside(store, wanted, manifest, context);
  store.root().remove_file(archive_name);
  const TreeReport made = store.verify(release, context.stop);
  if (!made.intact()) {
    return failed("release_corrupt", "release " + release.str() + " was unpacked, and read back " + made.text() +
                                         ": the disk or its driver is at fault");
  }
  protocol::StepResult result = done(true, "release " + release.str() + ": " + made.text());
  result.evidence["fetched_bytes"] = std::to_string(fetched);
  result.evidence["files"] = std::to_string(made.files);
  return result;
}

void ReleaseExecutor::unpack_aside(const ReleaseStore& store, const protocol::EnsureRelease& wanted,
                                   const protocol::ArtifactManifest& manifest, const StepContext& context) {
  const ReleaseId& release = wanted.artifact.release;
  const Directory& root = store.root();
  root.remove_tree(staged_tree(release));
  root.make_directory(staged_tree(release), 0700);
  const Directory tree = root.directory(staged_tree(release));
  const std::optional<FileDescriptor> archive = root.find_file(staged_archive(release));
  if (!archive) throw SysError(ENOENT, "opening " + staged_archive(release));
  const auto source = [&](char* buffer, std::size_t size) {
    return read_fully(archive->get(), buffer, size, "the staged archive");
  };
  const ArchiveBounds bounds{.unpacked_bytes = manifest.unpacked_bytes, .entries = manifest.entries};
  FileList list;
  try {
    list = unpack(source, tree, bounds, wanted.shared, 2, context.stop);
  } catch (const ArchiveError&) {
    // Its digest is right, so another fetch would bring the same: nothing of it is kept.
    root.remove_tree(staged_tree(release));
    root.remove_file(staged_archive(release));
    throw;
  }
  tree.set_mode(0555);
  tree.sync();
  if (root.info(ReleaseStore::tree_name(release))) {
    restore_files(root, release, list);
    write_file_list(root, release, list);
    root.remove_tree(staged_tree(release));
  } else {
    // Everything of the tree is durable before its name is.
    write_file_list(root, release, list);
    root.rename_new(staged_tree(release), ReleaseStore::tree_name(release));
  }
  root.directory("releases").sync();
  root.directory(".staging").sync();
}

}  // namespace switchyard::agent
