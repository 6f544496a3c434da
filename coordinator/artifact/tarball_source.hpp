#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "coordinator/artifact/content_source.hpp"
#include "coordinator/artifact/temporary_file.hpp"

struct archive;
struct archive_entry;

namespace switchyard::artifact {

/// The files of a tar archive, compressed in any way that libarchive reads. Their content is kept in one temporary
/// file, since an artifact is written in the order of names and a tarball may have any. A hard link becomes a file of
/// its own. One thread.
class TarballSource final : public ContentSource {
 public:
  explicit TarballSource(const std::filesystem::path& tarball);

  const std::vector<PackEntry>& entries() const override { return entries_; }
  void read(const PackEntry& entry, const std::function<void(std::string_view)>& piece) override;

 private:
  void read_archive();
  void add(::archive* reader, ::archive_entry* header);
  void keep_content(::archive* reader, PackEntry& entry);
  [[noreturn]] void refuse(const std::string& path, const std::string& why) const;

  std::string tarball_;
  TemporaryFile content_;
  std::uint64_t content_bytes_ = 0;
  std::vector<PackEntry> entries_;
  std::map<std::string, std::size_t> files_;  ///< path -> index of a file, for hard links
};

}  // namespace switchyard::artifact
