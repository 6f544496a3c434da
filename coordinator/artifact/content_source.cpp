#include "coordinator/artifact/content_source.hpp"

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::artifact {

void read_range(int descriptor, std::uint64_t offset, std::uint64_t bytes, bool exact, const std::string& what,
                const std::function<void(std::string_view)>& piece) {
  const auto changed = [&] { throw InputError(what + ": changed while it was packed; let it rest and try again"); };
  std::string buffer(limits::file_buffer_bytes, '\0');
  std::uint64_t done = 0;
  while (done < bytes) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(bytes - done, buffer.size()));
    const ssize_t got = ::pread(descriptor, buffer.data(), wanted, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("reading " + what);
    if (got == 0) changed();
    piece(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
    done += static_cast<std::uint64_t>(got);
  }
  if (exact && ::pread(descriptor, buffer.data(), 1, static_cast<off_t>(offset + bytes)) > 0) changed();
}

}  // namespace switchyard::artifact
