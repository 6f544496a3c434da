#include "coordinator/key_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

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

bool is_there(const std::filesystem::path& file) {
  return std::filesystem::exists(std::filesystem::symlink_status(file));
}

/// 32 raw bytes from a file of 64 hexadecimal digits. `loss`: what it means that they are gone.
std::string read_seed(const std::filesystem::path& file, const std::string& loss) {
  const PosixFileSystem files;
  const auto secret = from_hex(without_newline(files.read(file).value_or("")));
  if (!secret || secret->size() != 32) {
    throw InputError(file.string() + ": this is not a key (64 hexadecimal digits); restore it from a backup, since " +
                     loss);
  }
  return *secret;
}

std::string load_seed(const std::filesystem::path& file, const std::string& loss) {
  refuse_open_file(file);
  return read_seed(file, loss);
}

void save_seed(const std::filesystem::path& file, const std::string& secret) {
  PosixFileSystem files;
  files.write_atomically(file, to_hex(secret) + "\n", 0600);
}

SigningKeyPair load_plan_key(const std::filesystem::path& file) {
  return signing_key_from_secret(load_seed(file, "every enrolled agent trusts this key only"));
}

/// Where the vault's key is, or would be.
struct VaultPlaces {
  explicit VaultPlaces(const std::filesystem::path& state)
      : file(state / "vault.key"), note(state / "vault.key.is-a-credential") {
    // Set by systemd for services that have credentials (systemd.exec(5)).
    const char* given = std::getenv("CREDENTIALS_DIRECTORY");
    if (given != nullptr && is_there(std::filesystem::path(given) / "vault.key")) {
      credential = std::filesystem::path(given) / "vault.key";
    }
  }
  std::filesystem::path file;
  std::filesystem::path note;        ///< says, to who is started without credentials, that the key was one
  std::filesystem::path credential;  ///< empty: none was given
};

constexpr const char* loss_of_vault = "what the store holds of secrets cannot be read without it";

/// Whose rights are systemd's affair: it may be root's, and readable for us by an access list alone.
std::string load_vault_credential(const VaultPlaces& places) {
  std::string secret = read_seed(places.credential, loss_of_vault);
  if (is_there(places.file) && load_seed(places.file, loss_of_vault) != secret) {
    throw InputError(places.file.string() + " is another key than the credential " + places.credential.string() +
                     ", and one of them is wrong: keep the one that the store's secrets were sealed with");
  }
  if (!is_there(places.note)) {
    PosixFileSystem files;
    files.write_atomically(places.note, "", 0600);
  }
  return secret;
}

struct NextFiles {
  explicit NextFiles(const std::filesystem::path& directory)
      : server(directory / "server.next.key"), plan(directory / "plan.next.key") {}
  std::filesystem::path server, plan;
};

/// What was moved already is passed over.
void move_into_place(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (is_there(from) && ::rename(from.c_str(), to.c_str()) != 0) {
    throw_errno("putting " + from.string() + " in its place");
  }
  sync_directory_or_abort(to.parent_path());
}

}  // namespace

protocol::CurveKeyPair load_or_make_server_keys(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / "server.key";
  if (is_there(file)) return protocol::load_curve_keys(file);
  protocol::CurveKeyPair keys = protocol::generate_curve_keys();
  protocol::save_curve_keys(file, keys);
  log::info("server key made", {{"file", file.string()}});
  return keys;
}

SigningKeyPair load_or_make_plan_key(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / "plan.key";
  if (is_there(file)) return load_plan_key(file);
  SigningKeyPair key = generate_signing_key();
  save_seed(file, key.secret);
  log::info("plan key made", {{"file", file.string()}});
  return key;
}

bool has_vault_key(const std::filesystem::path& directory) {
  const VaultPlaces places(directory);
  return is_there(places.file) || is_there(places.note) || !places.credential.empty();
}

void refuse_lost_vault_key(const std::filesystem::path& directory, const std::vector<std::string>& hangs_on_it) {
  if (has_vault_key(directory) || hangs_on_it.empty()) return;
  const std::string more = hangs_on_it.size() > 1 ? " and " + std::to_string(hangs_on_it.size() - 1) + " more" : "";
  throw InputError((directory / "vault.key").string() + " is missing, and " + hangs_on_it.front() + more +
                   " hang on it: with another key each code would be a wrong one, and no secret could be read. Restore "
                   "it from the backup that the store comes from; if it is lost, `switchyard-coordinator --vault-lost` "
                   "takes all of that away, and apps are enrolled and secrets set anew");
}

std::string load_or_make_vault_key(const std::filesystem::path& directory,
                                   const std::vector<std::string>& hangs_on_it) {
  const VaultPlaces places(directory);
  if (!places.credential.empty()) return load_vault_credential(places);
  if (is_there(places.file)) return load_seed(places.file, loss_of_vault);
  if (is_there(places.note)) {
    throw InputError("the key of the vault was a systemd credential until now (" + places.note.string() +
                     "), and none is given any more: give `vault.key` to the service again (LoadCredentialEncrypted=)");
  }
  refuse_lost_vault_key(directory, hangs_on_it);
  std::string secret = *from_hex(random_hex(32));
  save_seed(places.file, secret);
  log::info("vault key made", {{"file", places.file.string()}});
  return secret;
}

std::optional<protocol::CoordinatorKeys> load_next_keys(const std::filesystem::path& directory) {
  const NextFiles next(directory);
  if (!is_there(next.server) || !is_there(next.plan)) return std::nullopt;
  return protocol::CoordinatorKeys{protocol::load_curve_keys(next.server).public_key,
                                   load_plan_key(next.plan).public_key};
}

/// The server's file last: while it is not there nothing was drawn, and nobody was told.
protocol::CoordinatorKeys draw_next_keys(const std::filesystem::path& directory,
                                         const std::function<void(const protocol::CoordinatorKeys&)>& before) {
  if (const auto drawn = load_next_keys(directory)) return *drawn;
  const NextFiles next(directory);
  const SigningKeyPair plan = generate_signing_key();
  const protocol::CurveKeyPair server = protocol::generate_curve_keys();
  protocol::CoordinatorKeys keys = {server.public_key, plan.public_key};
  before(keys);
  save_seed(next.plan, plan.secret);
  protocol::save_curve_keys(next.server, server);
  return keys;
}

/// The plan's file first: a server's file alone says that the change has begun (see finish_taking_keys()).
void take_next_keys(const std::filesystem::path& directory) {
  const NextFiles next(directory);
  move_into_place(next.plan, directory / "plan.key");
  move_into_place(next.server, directory / "server.key");
}

void finish_taking_keys(const std::filesystem::path& directory) {
  const NextFiles next(directory);
  if (is_there(next.server) && !is_there(next.plan)) move_into_place(next.server, directory / "server.key");
}

}  // namespace switchyard
