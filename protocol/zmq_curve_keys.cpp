#include "protocol/zmq_curve_keys.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <zmq.h>

#include <cerrno>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "common/file_descriptor.hpp"
#include "common/file_system.hpp"
#include "protocol/enrolment.hpp"

namespace switchyard::protocol {
namespace {

constexpr std::size_t key_text_bytes = 40;
constexpr std::string_view public_label = "public ";
constexpr std::string_view secret_label = "secret ";

std::string public_key_of(const std::string& secret) {
  char text[key_text_bytes + 1];
  if (zmq_curve_public(text, secret.c_str()) != 0) throw CryptoError("a CURVE secret key is malformed");
  return text;
}

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
  throw InputError("the key file " + path.string() + " " + why);
}

/// The file as it stands behind one open descriptor, so that what was checked is what is read.
std::string read_private_file(const std::filesystem::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) {
    if (errno == ENOENT) refuse(path, "is not there; enrol this host first");
    throw_errno("opening " + path.string());
  }
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) throw_errno("reading the mode of " + path.string());
  if (!S_ISREG(facts.st_mode)) refuse(path, "is not a regular file");
  if ((facts.st_mode & 0077) != 0) refuse(path, "may be read by others; run chmod 0600 on it, and consider a new key");
  if (facts.st_uid != ::geteuid()) refuse(path, "belongs to another user");
  char buffer[256];
  const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
  if (got < 0) throw_errno("reading " + path.string());
  return std::string(buffer, static_cast<std::size_t>(got));
}

}  // namespace

CurveKeyPair generate_curve_keys() {
  char public_text[key_text_bytes + 1];
  char secret_text[key_text_bytes + 1];
  if (zmq_curve_keypair(public_text, secret_text) != 0) throw CryptoError("libzmq cannot make CURVE keys");
  return {public_text, secret_text};
}

std::string curve_key_text(std::string_view raw) {
  ENSURE(raw.size() == 32);
  char text[key_text_bytes + 1];
  ENSURE(zmq_z85_encode(text, reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size()) != nullptr);
  return text;
}

CurveKeyPair curve_keys_from_secret(std::string_view secret) {
  CurveKeyPair keys;
  keys.secret = curve_key_text(secret);
  keys.public_key = public_key_of(keys.secret);
  return keys;
}

CurveKeyPair load_curve_keys(const std::filesystem::path& path) {
  const std::string text = read_private_file(path);
  const std::size_t secret_at = public_label.size() + key_text_bytes + 1;
  const std::size_t size = secret_at + secret_label.size() + key_text_bytes + 1;
  const bool labelled = text.size() == size && text.starts_with(public_label) && text[secret_at - 1] == '\n' &&
                        std::string_view(text).substr(secret_at).starts_with(secret_label) && text.back() == '\n';
  if (!labelled) refuse(path, "holds no key pair");
  CurveKeyPair keys{text.substr(public_label.size(), key_text_bytes),
                    text.substr(secret_at + secret_label.size(), key_text_bytes)};
  if (!is_curve_key(keys.public_key) || !is_curve_key(keys.secret)) refuse(path, "holds no key pair");
  if (public_key_of(keys.secret) != keys.public_key) refuse(path, "holds two keys that do not belong together");
  return keys;
}

void save_curve_keys(const std::filesystem::path& path, const CurveKeyPair& keys) {
  PosixFileSystem().write_atomically(
      path, std::string(public_label) + keys.public_key + "\n" + std::string(secret_label) + keys.secret + "\n", 0600);
}

}  // namespace switchyard::protocol
