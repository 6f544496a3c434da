#include "coordinator/artifact/tarball_source.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <memory>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "coordinator/artifact/pack_rules.hpp"

namespace switchyard::artifact {

namespace {

struct FreeArchive {
  void operator()(::archive* reader) const { ::archive_read_free(reader); }
};

std::string text_or_empty(const char* utf8, const char* raw) {
  // Names of a pax archive are UTF-8 and may have no form in the process's locale; those of an old archive are bytes.
  if (utf8 != nullptr) return utf8;
  return raw != nullptr ? raw : "";
}

/// `./bin/` and `bin` are the same; the empty text stands for the root.
std::string plain_path(std::string path) {
  while (path.starts_with("./")) path.erase(0, 2);
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path == "." ? "" : path;
}

}  // namespace

TarballSource::TarballSource(const std::filesystem::path& tarball) : tarball_(tarball.string()), content_(".content") {
  read_archive();
  check_entries(entries_, tarball_);
}

void TarballSource::refuse(const std::string& path, const std::string& why) const {
  throw InputError(tarball_ + ": `" + path + "` " + why);
}

void TarballSource::read_archive() {
  const std::unique_ptr<::archive, FreeArchive> reader(::archive_read_new());
  if (!reader) throw Error("reading " + tarball_ + ": libarchive could not be started");
  ::archive_read_support_filter_all(reader.get());
  ::archive_read_support_format_tar(reader.get());
  const auto check = [&](int result) {
    // A warning says that a name or time could not be kept as it was, and the content is right.
    if (result == ARCHIVE_OK || result == ARCHIVE_WARN || result == ARCHIVE_EOF) return;
    const char* why = ::archive_error_string(reader.get());
    throw InputError(tarball_ + ": cannot be read as a tar archive: " + (why != nullptr ? why : "unknown error") +
                     "; check `artifact: {tarball: ...}`");
  };
  check(::archive_read_open_filename(reader.get(), tarball_.c_str(), limits::tarball_read_bytes));
  ::archive_entry* header = nullptr;
  while (true) {
    const int result = ::archive_read_next_header(reader.get(), &header);
    check(result);
    if (result == ARCHIVE_EOF) break;
    add(reader.get(), header);
    if (entries_.size() > limits::archive_entries_max) break;
  }
}

void TarballSource::add(::archive* reader, ::archive_entry* header) {
  PackEntry entry;
  entry.path = plain_path(text_or_empty(::archive_entry_pathname_utf8(header), ::archive_entry_pathname(header)));
  if (entry.path.empty()) return;
  const std::string original =
      plain_path(text_or_empty(::archive_entry_hardlink_utf8(header), ::archive_entry_hardlink(header)));
  if (!original.empty()) {
    const auto found = files_.find(original);
    if (found == files_.end())
      refuse(entry.path, "is a hard link to `" + original + "`, which does not come before it");
    const PackEntry& file = entries_[found->second];
    entry.executable = file.executable;
    entry.bytes = file.bytes;
    entry.token = file.token;
  } else if (::archive_entry_filetype(header) == AE_IFDIR) {
    entry.kind = EntryKind::directory;
  } else if (::archive_entry_filetype(header) == AE_IFLNK) {
    entry.kind = EntryKind::link;
    entry.target = text_or_empty(::archive_entry_symlink_utf8(header), ::archive_entry_symlink(header));
  } else if (::archive_entry_filetype(header) == AE_IFREG) {
    entry.executable = (::archive_entry_perm(header) & S_IXUSR) != 0;
    keep_content(reader, entry);
  } else {
    refuse(entry.path, "is a device, a socket or a named pipe, which no artifact can hold; leave it out");
  }
  if (entry.kind == EntryKind::file) files_[entry.path] = entries_.size();
  entries_.push_back(std::move(entry));
}

void TarballSource::keep_content(::archive* reader, PackEntry& entry) {
  entry.token = content_bytes_;
  std::string buffer(limits::file_buffer_bytes, '\0');
  while (true) {
    const la_ssize_t got = ::archive_read_data(reader, buffer.data(), buffer.size());
    if (got < 0) {
      const char* why = ::archive_error_string(reader);
      refuse(entry.path,
             std::string("cannot be read: ") + (why != nullptr ? why : "unknown error") + "; make the tarball anew");
    }
    if (got == 0) break;
    write_all(content_.descriptor(), std::string_view(buffer.data(), static_cast<std::size_t>(got)),
              content_.path().string());
    content_bytes_ += static_cast<std::uint64_t>(got);
    if (content_bytes_ > limits::artifact_bytes_max) {
      refuse(entry.path, "brings the content beyond " + std::to_string(limits::artifact_bytes_max) +
                             " bytes, the most that an artifact can hold");
    }
  }
  entry.bytes = content_bytes_ - entry.token;
}

void TarballSource::read(const PackEntry& entry, const std::function<void(std::string_view)>& piece) {
  read_range(content_.descriptor(), entry.token, entry.bytes, false, tarball_ + ": " + entry.path, piece);
}

}  // namespace switchyard::artifact
