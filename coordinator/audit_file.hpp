#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace switchyard {

/// The end of the file, at most limits::audit_text_tail_bytes of it; empty if there is none. Throws SysError.
std::string read_audit_tail(const std::filesystem::path& file);

/// Appends all of the bytes or, as far as that is possible, nothing. The file is opened anew each time, so that it may
/// be rotated away at any moment, and made with mode 0640 when it is missing. What is no regular file is refused.
/// False: not written. Any thread.
bool append_audit_lines(const std::filesystem::path& file, std::string_view bytes) noexcept;

}  // namespace switchyard
