#include "agent/executors/snapshot_executor.hpp"

#include <map>
#include <optional>
#include <utility>

#include "agent/executors/allowed_paths.hpp"
#include "agent/executors/snapshot_store.hpp"
#include "agent/executors/whole_file.hpp"
#include "agent/probes/schema_dump.hpp"
#include "common/crypto.hpp"
#include "common/limits_snapshots.hpp"

namespace switchyard::agent {
namespace {

using protocol::StepResult;

StepResult not_allowed(const std::string& path, const PathRefusal& refusal) {
  return failed("path_not_allowed", path + " may not be touched: " + refusal.why);
}

/// Files as they are now.
class Reading {
 public:
  /// What keeps the file from being copied; nothing when it was.
  std::optional<StepResult> add(const std::string& path, const AllowedPlace& place) {
    SavedFile& file = files[path];
    const std::optional<EntryInfo> named = place.root.info(place.relative);
    if (!named) return std::nullopt;
    if (named->kind != EntryKind::file) {
      return failed("not_a_file", path + " is no regular file, so it cannot be saved; take it out of files_to_backup");
    }
    const std::optional<FileDescriptor> opened = place.root.find_file(place.relative);
    if (!opened) return changed_meanwhile(path);
    // Rights and content are those of the file that is open, whatever bears its name by now.
    const EntryInfo before = info_of(opened->get(), path);
    bytes_ += before.bytes;
    if (before.bytes > limits::snapshot_file_bytes_max || bytes_ > limits::snapshot_bytes_max) {
      return failed("too_large", path + " has " + std::to_string(before.bytes) +
                                     " bytes; a file that is saved has at " + "most " +
                                     std::to_string(limits::snapshot_file_bytes_max) + ", all of a component " +
                                     std::to_string(limits::snapshot_bytes_max));
    }
    std::string content(before.bytes, '\0');
    if (read_fully(opened->get(), content.data(), content.size(), path) != content.size() ||
        has_changed(before, info_of(opened->get(), path))) {
      return changed_meanwhile(path);
    }
    file = {true, {before.mode, before.uid, before.gid}, before.bytes, sha256_hex(content)};
    contents[file.sha256] = std::move(content);
    return std::nullopt;
  }

  SavedFiles files;
  std::map<std::string, std::string> contents;  ///< by digest

 private:
  static bool has_changed(const EntryInfo& before, const EntryInfo& after) {
    return after.bytes != before.bytes || after.modified_ns != before.modified_ns || after.mode != before.mode ||
           after.uid != before.uid || after.gid != before.gid;
  }
  static StepResult changed_meanwhile(const std::string& path) {
    return failed("changed_meanwhile", path + " was changed while it was being saved");
  }
  std::uint64_t bytes_ = 0;
};

std::string told(const SavedFiles& files) {
  std::size_t present = 0;
  for (const auto& [path, file] : files) present += file.present ? 1 : 0;
  return std::to_string(present) + " files" +
         (present == files.size() ? "" : ", and that " + std::to_string(files.size() - present) + " are absent");
}

/// Whether it had to be changed, or why it could not be.
std::variant<bool, StepResult> restore_file(const std::string& path, const SavedFile& file, const AllowedPlace& place,
                                            const std::string& content) {
  const std::optional<EntryInfo> found = place.root.info(place.relative);
  if (found && found->kind != EntryKind::file) {
    return failed("not_a_file", path + " exists and is no regular file; move it away");
  }
  const auto is_so = [&] {
    return file.present ? is_file(place, file.rights, file.bytes, file.sha256) : !place.root.info(place.relative);
  };
  if (is_so()) {
    sync_folder(place);
    return false;
  }
  if (file.present) {
    replace_file(place, content, file.rights, path);
  } else {
    remove_file(place);
  }
  if (!is_so()) {
    return failed("changed_meanwhile", path + " was restored and read back differently: something else writes it");
  }
  return true;
}

/// A copy in the place for files that is no file of the host: no absolute path is called so.
std::string schema_entry(const std::string& called) { return "schema " + called; }

void make_schemas(const SnapshotStore& store, const std::string& name,
                  const std::map<std::string, std::string>& texts) {
  SavedFiles files;
  std::map<std::string, std::string> contents;
  for (const auto& [called, text] : texts) {
    const std::string sha256 = sha256_hex(text);
    files[schema_entry(called)] = {true, {0600, 0, 0}, text.size(), sha256};
    contents[sha256] = text;
  }
  store.make(name, files, contents);
}

}  // namespace

std::string schemas_name(const std::string& snapshot) { return snapshot + ".schemas"; }

SnapshotExecutor::KeptSchemas SnapshotExecutor::keep_schemas(const std::string& component, const std::string& snapshot,
                                                             const std::map<std::string, std::string>& texts) {
  const std::string name = schemas_name(snapshot);
  const std::lock_guard turn(one_at_a_time_);
  const SnapshotStore store = SnapshotStore::open(paths_, component);
  if (store.find_whole(name)) {
    store.sync();
  } else {
    make_schemas(store, name, texts);
  }
  const auto made = store.find_whole(name);
  KeptSchemas kept;
  for (const auto& [called, text] : texts) {
    const auto entry = made ? made->find(schema_entry(called)) : SavedFiles::const_iterator();
    if (!made || entry == made->end()) {
      kept.why_not = "the schema " + called + " was kept, and is not there: something else changes the agent's state";
      return kept;
    }
    // Written down twice, the same schema has the same definitions, and not the same text.
    const std::string before = store.content(name, entry->second);
    if (definitions_of(before) != definitions_of(text)) {
      kept.why_not = "the schema " + called + " was changed while it was being kept; try again";
      return kept;
    }
    kept.places[called] = store.place_of(name, entry->second);
  }
  return kept;
}

StepResult SnapshotExecutor::run(const protocol::Action& action, const StepContext&) {
  const auto& wanted = std::get<protocol::Snapshot>(action);
  if (wanted.files.size() > limits::snapshot_files_max) {
    return failed("bad_request", "more than " + std::to_string(limits::snapshot_files_max) + " files to save");
  }
  const std::lock_guard turn(one_at_a_time_);
  const SnapshotStore store = SnapshotStore::open(paths_, wanted.component);
  if (!wanted.needed.empty() && !store.find_whole(wanted.needed)) {
    return failed("snapshot_missing", "snapshot " + wanted.needed + " of " + wanted.component +
                                          " is not on this host any more, so its files cannot be restored");
  }
  if (const auto made = store.find_whole(wanted.name)) {
    store.sync();
    return done(false, told(*made) + " were saved already");
  }
  Reading reading;
  for (const std::string& path : wanted.files) {
    const auto found = find_allowed(paths_, path);
    if (const auto* refusal = std::get_if<PathRefusal>(&found)) return not_allowed(path, *refusal);
    if (auto trouble = reading.add(path, std::get<AllowedPlace>(found))) return *std::move(trouble);
  }
  store.make(wanted.name, reading.files, reading.contents);
  const auto made = store.find_whole(wanted.name);
  if (!made) return failed("changed_meanwhile", "the snapshot was made, and is not there: something else removes it");
  store.prune(limits::snapshots_kept, {wanted.name, wanted.needed});
  return done(true, told(*made) + " saved");
}

StepResult RestoreExecutor::run(const protocol::Action& action, const StepContext& context) {
  const auto& wanted = std::get<protocol::Restore>(action);
  const auto store = SnapshotStore::find(paths_, wanted.component);
  const auto saved = store ? store->find_whole(wanted.name) : std::nullopt;
  if (!saved) {
    if (context.undo) return done(false, "nothing was saved, so nothing was changed after it");
    return failed("snapshot_missing", "snapshot " + wanted.name + " of " + wanted.component + " is not on this host");
  }
  std::size_t changed = 0;
  for (const std::string& path : wanted.files) {
    const auto file = saved->find(path);
    if (file == saved->end()) return failed("bad_request", path + " is not in snapshot " + wanted.name);
    const auto found = find_allowed(paths_, path);
    if (const auto* refusal = std::get_if<PathRefusal>(&found)) return not_allowed(path, *refusal);
    const auto& place = std::get<AllowedPlace>(found);
    const auto result = restore_file(path, file->second, place,
                                     file->second.present ? store->content(wanted.name, file->second) : std::string());
    if (const auto* trouble = std::get_if<StepResult>(&result)) return *trouble;
    if (!std::get<bool>(result)) continue;
    ++changed;
    if (place.is_unit) services_.reload_units();
  }
  return done(changed > 0, changed == 0 ? "all files are as they were"
                                        : std::to_string(changed) + " of " + std::to_string(wanted.files.size()) +
                                              " files are as they were again");
}

}  // namespace switchyard::agent
