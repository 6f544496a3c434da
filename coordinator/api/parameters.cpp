#include "coordinator/api/parameters.hpp"

#include <algorithm>
#include <charconv>

#include "common/error.hpp"
#include "common/hex.hpp"

namespace switchyard::api {

const std::string& checked_name(const std::string& text, const char* what) {
  if (!is_name(text)) {
    constexpr std::size_t shown_max = 64;
    throw InputError("`" + text.substr(0, shown_max) + "` is no name for `" + what +
                     "`: use 1 to 64 of a-z 0-9 . _ -, beginning with a letter or digit");
  }
  return text;
}

ReleaseId checked_release(const std::string& text) {
  constexpr std::size_t digits = 64;
  if (text.size() != digits || !from_hex(text)) throw InputError("a release id has 64 hexadecimal digits (a-f, 0-9)");
  return ReleaseId(text);
}

std::size_t number_of(const Request& request, const char* key, std::size_t otherwise, std::size_t most) {
  const auto found = request.query.find(key);
  if (found == request.query.end()) return otherwise;
  const std::string& text = found->second;
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw InputError(std::string("the query's `") + key + "` must be a whole number");
  }
  return std::min(number, most);
}

void refuse_unknown_query(const Request& request, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : request.query) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw InputError("unknown key `" + key.substr(0, 64) + "` in the query");
    }
  }
}

}  // namespace switchyard::api
