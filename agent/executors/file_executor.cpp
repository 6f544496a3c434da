#include "agent/executors/file_executor.hpp"

#include <optional>

#include "agent/executors/accounts.hpp"
#include "agent/executors/whole_file.hpp"
#include "common/crypto.hpp"

namespace switchyard::agent {
namespace {

constexpr std::uint32_t mode_bits = 0777;

bool is_as_wanted(const protocol::EnsureFile& wanted, const FileRights& rights, const AllowedPlace& place) {
  return is_file(place, rights, wanted.content.size(), sha256_hex(wanted.content));
}

}  // namespace

protocol::StepResult FileExecutor::run(const protocol::Action& action, const StepContext&) {
  const auto& wanted = std::get<protocol::EnsureFile>(action);
  if ((wanted.mode & ~mode_bits) != 0)
    return failed("bad_request", "the mode of " + wanted.path + " is more than permissions");
  const auto found = find_allowed(paths_, wanted.path);
  if (const auto* refusal = std::get_if<PathRefusal>(&found)) {
    return failed("path_not_allowed", wanted.path + " may not be touched: " + refusal->why);
  }
  const auto& place = std::get<AllowedPlace>(found);
  const std::optional<EntryInfo> info = place.root.info(place.relative);
  if (info && info->kind != EntryKind::file) {
    return failed("not_a_file", wanted.path + " exists and is no regular file; move it away");
  }
  return wanted.absent ? remove(wanted, place) : write(wanted, place);
}

protocol::StepResult FileExecutor::remove(const protocol::EnsureFile& wanted, const AllowedPlace& place) {
  if (!place.root.info(place.relative)) {
    sync_folder(place);
    return done(false, wanted.path + " was absent already");
  }
  remove_file(place);
  changed(place);
  return done(true, wanted.path + " was removed");
}

protocol::StepResult FileExecutor::write(const protocol::EnsureFile& wanted, const AllowedPlace& place) {
  const std::optional<Account> owner = find_account(wanted.owner);
  if (!owner) return failed("unknown_user", no_such_user(wanted.owner, "who shall own " + wanted.path));
  const FileRights rights{wanted.mode, owner->uid, owner->gid};
  if (is_as_wanted(wanted, rights, place)) {
    sync_folder(place);
    return done(false, wanted.path + " was so already");
  }
  replace_file(place, wanted.content, rights, wanted.path);
  if (!is_as_wanted(wanted, rights, place)) {
    return failed("changed_meanwhile",
                  wanted.path + " was written and read back differently: something else writes it");
  }
  changed(place);
  protocol::StepResult result = done(true, wanted.path + " was written");
  result.evidence["sha256"] = sha256_hex(wanted.content);
  return result;
}

void FileExecutor::changed(const AllowedPlace& place) {
  if (place.is_unit) services_.reload_units();
}

}  // namespace switchyard::agent
