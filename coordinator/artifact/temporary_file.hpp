#pragma once

#include <filesystem>
#include <string>

#include "common/file_descriptor.hpp"

namespace switchyard::artifact {

/// A file of our own in the system's temporary directory (TMPDIR), readable by nobody else; removed with the object.
/// Throws SysError.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& suffix);
  TemporaryFile(TemporaryFile&& other) noexcept;
  TemporaryFile& operator=(TemporaryFile&& other) noexcept;
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile();

  const std::filesystem::path& path() const { return path_; }
  int descriptor() const { return file_.get(); }

 private:
  std::filesystem::path path_;
  FileDescriptor file_;
};

/// Writes all of it at the file's position, or throws SysError.
void write_all(int descriptor, std::string_view bytes, const std::string& what);

}  // namespace switchyard::artifact
