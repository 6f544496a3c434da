#include "common/ids.hpp"

#include <sys/random.h>

#include "common/error.hpp"
#include "common/hex.hpp"

namespace switchyard {

bool is_name(std::string_view text) {
  const auto lower_or_digit = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (text.empty() || text.size() > 64 || !lower_or_digit(text.front())) return false;
  for (char c : text) {
    if (!lower_or_digit(c) && c != '.' && c != '_' && c != '-') return false;
  }
  return text.find("..") == std::string_view::npos;
}

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  for (std::size_t done = 0; done < bytes;) {
    const ssize_t got = getrandom(raw.data() + done, bytes - done, 0);
    if (got < 0) throw_errno("reading random bytes");
    done += static_cast<std::size_t>(got);
  }
  return to_hex(raw);
}

}  // namespace switchyard
