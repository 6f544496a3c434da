#include "coordinator/key_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "common/error.hpp"
#include "common/file_system.hpp"
#include "common/hex.hpp"
#include "common/log.hpp"

namespace switchyard {
namespace {

void refuse_open_file(const std::filesystem::path& file) {
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0) throw_errno("looking at " + file.string());
  if (!S_ISREG(status.st_mode) || (status.st_mode & 077) != 0 || status.st_uid != ::geteuid()) {
    throw InputError(file.string() + ": others could read or change this key; make it a file of this user with mode " +
                     "0600 (chmod 600), and think about who may have seen it");
  }
}

std::string without_newline(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

protocol::CurveKeyPair load_or_make_server_keys(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / "server.key";
  if (std::filesystem::exists(std::filesystem::symlink_status(file))) return protocol::load_curve_keys(file);
  protocol::CurveKeyPair keys = protocol::generate_curve_keys();
  protocol::save_curve_keys(file, keys);
  log::info("server key made", {{"file", file.string()}});
  return keys;
}

SigningKeyPair load_or_make_plan_key(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / "plan.key";
  PosixFileSystem files;
  if (!std::filesystem::exists(std::filesystem::symlink_status(file))) {
    SigningKeyPair key = generate_signing_key();
    files.write_atomically(file, to_hex(key.secret) + "\n", 0600);
    log::info("plan key made", {{"file", file.string()}});
    return key;
  }
  refuse_open_file(file);
  const auto secret = from_hex(without_newline(files.read(file).value_or("")));
  if (!secret || secret->size() != 32) {
    throw InputError(file.string() +
                     ": this is not a plan key (64 hexadecimal digits); restore it from a backup, since " +
                     "every enrolled agent trusts this key only");
  }
  return signing_key_from_secret(*secret);
}

}  // namespace switchyard
