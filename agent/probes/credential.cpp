#include "agent/probes/credential.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "common/file_descriptor.hpp"
#include "common/ids.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {

std::optional<std::string> read_credential(const std::filesystem::path& directory, const std::string& name,
                                           std::string& why) {
  const auto refuse = [&](const std::string& trouble) {
    why = "the credential `" + name + "` " + trouble;
    return std::nullopt;
  };
  if (!is_name(name) || directory.empty()) return refuse("has no place on this host");
  const std::filesystem::path path = directory / name;
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) {
    return refuse("cannot be read: " + path.string() + ": " + std::generic_category().message(errno) +
                  "; write it there on this host, for root alone (mode 0600)");
  }
  struct stat found {};
  if (::fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode)) return refuse("is no file: " + path.string());
  if ((found.st_mode & 077) != 0) {
    return refuse("can be read by others than its owner; chmod 0600 " + path.string());
  }
  std::array<char, limits::credential_bytes_max + 1> buffer;
  const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
  if (got < 0) return refuse("cannot be read: " + std::generic_category().message(errno));
  if (static_cast<std::size_t>(got) > limits::credential_bytes_max) return refuse("is too long: " + path.string());
  std::string text(buffer.data(), static_cast<std::size_t>(got));
  if (text.ends_with('\n')) text.pop_back();
  if (text.empty()) return refuse("is empty: " + path.string());
  return text;
}

}  // namespace switchyard::agent
