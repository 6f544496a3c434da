#include "cli/input_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "common/error.hpp"

namespace switchyard::cli {

std::string read_input_file(const std::string& path, std::size_t bytes_max) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw InputError(path + ": cannot be opened: " + std::strerror(errno));
  std::string bytes(bytes_max + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (file.bad() || (file.fail() && !file.eof())) throw InputError(path + ": cannot be read: " + std::strerror(errno));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  if (bytes.size() > bytes_max) {
    throw InputError(path + ": is larger than " + std::to_string(bytes_max) + " bytes, which is more than it can need");
  }
  return bytes;
}

}  // namespace switchyard::cli
