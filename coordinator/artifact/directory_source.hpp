#pragma once

#include <filesystem>
#include <vector>

#include "coordinator/artifact/content_source.hpp"

namespace switchyard::artifact {

/// The files of a directory. Links are packed as links and never followed. One thread.
class DirectorySource final : public ContentSource {
 public:
  explicit DirectorySource(const std::filesystem::path& directory);

  const std::vector<PackEntry>& entries() const override { return entries_; }
  void read(const PackEntry& entry, const std::function<void(std::string_view)>& piece) override;

 private:
  void add(const std::filesystem::path& path);

  std::filesystem::path directory_;
  std::vector<PackEntry> entries_;
};

}  // namespace switchyard::artifact
