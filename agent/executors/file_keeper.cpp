#include "agent/executors/file_keeper.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/executors/snapshot_store.hpp"
#include "common/clock.hpp"
#include "common/error.hpp"

namespace switchyard::agent {
namespace {

void drop_others(const HostPaths& paths, const protocol::FileSave& wanted) {
  const auto store = SnapshotStore::find(paths, wanted.component);
  if (!store) return;
  std::vector<std::string> names = wanted.keep;
  names.push_back(wanted.name);
  const std::size_t snapshots = names.size();
  for (std::size_t i = 0; i < snapshots; ++i) names.push_back(schemas_name(names[i]));
  store->keep_named(names);
}

/// By what is kept, and not by what was asked for.
void count_kept(const HostPaths& paths, const protocol::FileSave& wanted, protocol::FileSaveResult& result) {
  const auto store = SnapshotStore::find(paths, wanted.component);
  const auto kept = store ? store->find_whole(wanted.name) : std::nullopt;
  result.done = kept && kept->size() == wanted.files.size();
  if (!result.done) {
    result.code = "snapshot_missing";
    result.detail = "the files were saved, and are not there as they were: something else changes the agent's state";
    return;
  }
  for (const auto& [path, file] : *kept) ++(file.present ? result.present : result.absent);
}

}  // namespace

bool FileKeeper::keep_files(const protocol::FileSave& wanted, protocol::FileSaveResult& result) {
  if (wanted.name.empty() || wanted.files.empty()) return true;
  const protocol::StepResult saved =
      executors_.run(protocol::Snapshot{wanted.component, wanted.name, wanted.files, ""}, {});
  result.code = saved.code;
  result.detail = saved.detail;
  if (saved.state != protocol::StepState::done) return false;
  count_kept(paths_, wanted, result);
  return result.done;
}

/// Of one that is only looked at, it is no failure that it cannot be read: that is what was seen.
bool FileKeeper::keep_schemas(const protocol::FileSave& wanted, std::int64_t left_ms,
                              protocol::FileSaveResult& result) {
  std::map<std::string, std::string> texts;
  const SystemClock clock;
  const std::int64_t end_ms = clock.boot_ms() + left_ms;
  for (const protocol::SchemaDemand& demand : wanted.schemas) {
    SchemaReading reading = schemas_.read(demand, end_ms - clock.boot_ms());
    if (!reading.known() && !wanted.name.empty()) {
      result.code = reading.code;
      result.detail = reading.fact.why_not;
      return false;
    }
    if (!wanted.name.empty()) texts[demand.name] = std::move(reading.text);
    result.schemas.push_back(std::move(reading.fact));
  }
  if (texts.empty()) return true;
  const auto kept = copies_.keep_schemas(wanted.component, wanted.name, texts);
  if (!kept.why_not.empty()) {
    result.code = "changed_meanwhile";
    result.detail = kept.why_not;
    return false;
  }
  for (protocol::SchemaFact& fact : result.schemas) fact.file = kept.places.at(fact.name).string();
  return true;
}

protocol::FileSaveResult FileKeeper::keep(const protocol::FileSave& wanted, std::int64_t left_ms) {
  protocol::FileSaveResult result;
  result.component = wanted.component;
  try {
    drop_others(paths_, wanted);
    // Databases first: they are what most often cannot be had, and then nothing was copied in vain.
    result.done = keep_schemas(wanted, left_ms, result) && keep_files(wanted, result);
  } catch (const Error& error) {
    result.done = false;
    result.code = "error";
    result.detail = error.what();
  }
  return result;
}

}  // namespace switchyard::agent
