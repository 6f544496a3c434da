#include "agent/executors/prune_executor.hpp"

#include <algorithm>
#include <set>

#include "agent/executors/release_tree.hpp"
#include "agent/executors/release_use.hpp"

namespace switchyard::agent {
namespace {

/// Those that no slot is started with any more.
std::size_t remove_configurations(const HostPaths& paths, const std::string& component) {
  const auto found = Directory::find(paths.components / component / "configuration", Mounts::cross);
  if (!found) return 0;
  const std::set<std::string> used = configurations_in_use(paths, component);
  std::size_t removed = 0;
  for (const std::string& digest : found->names()) {
    if (used.contains(digest)) continue;
    found->remove_tree(digest);
    ++removed;
  }
  return removed;
}

}  // namespace

protocol::StepResult PruneExecutor::run(const protocol::Action& action, const StepContext& context) {
  const auto& wanted = std::get<protocol::Prune>(action);
  const std::optional<ReleaseStore> store = ReleaseStore::find(paths_.components, wanted.component);
  if (!store) return done(false, wanted.component + " has no releases on this host");
  std::set<ReleaseId> keep = releases_in_use(paths_, wanted.component);
  keep.insert(wanted.protect.begin(), wanted.protect.end());
  const std::vector<ReleaseId> releases = store->releases();
  const std::size_t newest = std::min<std::size_t>(wanted.keep, releases.size());
  keep.insert(releases.end() - static_cast<std::ptrdiff_t>(newest), releases.end());
  std::size_t removed = 0;
  for (const ReleaseId& release : releases) {
    if (keep.contains(release)) continue;
    if (context.stop.stop_requested()) return failed("cancelled", "pruning was cancelled");
    store->remove(release);
    ++removed;
  }
  std::size_t leftovers = 0;
  if (const std::optional<Directory> staging = store->root().find_directory(".staging")) {
    for (const std::string& name : staging->names()) {
      staging->remove_tree(name);
      ++leftovers;
    }
  }
  leftovers += remove_configurations(paths_, wanted.component);
  protocol::StepResult result =
      done(removed + leftovers > 0, std::to_string(removed) + " releases of " + wanted.component + " removed, " +
                                        std::to_string(releases.size() - removed) + " kept");
  result.evidence["removed"] = std::to_string(removed);
  return result;
}

}  // namespace switchyard::agent
