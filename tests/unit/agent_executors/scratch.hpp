#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>

#include "agent/executors/executor.hpp"
#include "common/crypto.hpp"

namespace switchyard::agent::testing {

/// A directory that is gone when the test ends; in memory where there is such a place, so that an fsync costs nothing.
class Scratch {
 public:
  Scratch() {
    const std::filesystem::path memory = "/dev/shm";
    const std::filesystem::path where =
        ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
    std::string name = (where / "switchyard-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no scratch directory");
    path_ = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

  /// The usual places of a host, all beneath this directory.
  HostPaths host() const {
    HostPaths paths{.state = path_ / "state",
                    .components = path_ / "srv",
                    .units = path_ / "units",
                    .switch_state = path_ / "switch",
                    .run = path_ / "run",
                    .allowed_roots = {path_ / "etc"}};
    for (const auto& directory : {paths.state, paths.components, paths.units, paths.run, path_ / "etc"}) {
      std::filesystem::create_directories(directory);
    }
    return paths;
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

inline void write_file(const std::filesystem::path& path, const std::string& content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

/// Everything beneath a directory: kind, mode and content of each entry. Equal before and after means: nothing changed.
inline std::map<std::string, std::string> snapshot(const std::filesystem::path& root) {
  std::map<std::string, std::string> found;
  for (auto at = std::filesystem::recursive_directory_iterator(root);
       at != std::filesystem::recursive_directory_iterator(); ++at) {
    struct stat info {};
    ::lstat(at->path().c_str(), &info);
    std::string fact = std::to_string(info.st_mode) + " " + std::to_string(info.st_uid);
    if (S_ISREG(info.st_mode)) fact += " " + sha256_hex(read_file(at->path()));
    if (S_ISLNK(info.st_mode)) fact += " " + std::filesystem::read_symlink(at->path()).string();
    found[at->path().lexically_relative(root).string()] = fact;
  }
  return found;
}

}  // namespace switchyard::agent::testing
