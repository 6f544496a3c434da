#include "agent/executors/file_executor.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "agent/executors/accounts.hpp"
#include "agent/executors/release_tree.hpp"
#include "common/crypto.hpp"
#include "common/error.hpp"
#include "common/file_system.hpp"

namespace switchyard::agent {
namespace {

constexpr std::uint32_t mode_bits = 0777;

/// Digest of the file; nothing if there is none.
std::optional<std::string> digest_at(const AllowedPlace& place) {
  const std::optional<FileDescriptor> file = place.root.find_file(place.relative);
  if (!file) return std::nullopt;
  return digest_of_file(file->get(), place.relative, {});
}

bool is_as_wanted(const protocol::EnsureFile& wanted, const EntryInfo& found, const Account& owner,
                  const AllowedPlace& place) {
  return found.bytes == wanted.content.size() && found.mode == wanted.mode && found.uid == owner.uid &&
         found.gid == owner.gid && digest_at(place) == sha256_hex(wanted.content);
}

void write_beside_and_rename(const protocol::EnsureFile& wanted, const Account& owner, const AllowedPlace& place) {
  const std::size_t slash = place.relative.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : place.relative.substr(0, slash + 1);
  const std::string temporary = folder + ".switchyard-" + random_hex(8);
  const FileDescriptor file = place.root.create_file(temporary, 0600);
  try {
    write_fully(file.get(), wanted.content, wanted.path);
    if (::fchown(file.get(), owner.uid, owner.gid) != 0) throw_errno("setting the owner of " + wanted.path);
    if (::fchmod(file.get(), static_cast<mode_t>(wanted.mode)) != 0) throw_errno("setting the mode of " + wanted.path);
    sync_or_abort(file.get(), wanted.path);
    place.root.rename(temporary, place.relative);
  } catch (...) {
    place.root.remove_file(temporary);
    throw;
  }
  (folder.empty() ? place.root.directory(".") : place.root.directory(folder)).sync();
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
  if (!place.root.info(place.relative)) return done(false, wanted.path + " was absent already");
  place.root.remove_file(place.relative);
  const std::size_t slash = place.relative.rfind('/');
  place.root.directory(slash == std::string::npos ? "." : place.relative.substr(0, slash)).sync();
  changed(place);
  return done(true, wanted.path + " was removed");
}

protocol::StepResult FileExecutor::write(const protocol::EnsureFile& wanted, const AllowedPlace& place) {
  const std::optional<Account> owner = find_account(wanted.owner);
  if (!owner) return failed("unknown_user", no_such_user(wanted.owner, "who shall own " + wanted.path));
  const std::optional<EntryInfo> before = place.root.info(place.relative);
  if (before && is_as_wanted(wanted, *before, *owner, place)) return done(false, wanted.path + " was so already");
  const std::size_t slash = place.relative.rfind('/');
  if (slash != std::string::npos) place.root.ensure_directory(place.relative.substr(0, slash), 0755);
  write_beside_and_rename(wanted, *owner, place);
  const std::optional<EntryInfo> after = place.root.info(place.relative);
  if (!after || !is_as_wanted(wanted, *after, *owner, place)) {
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
