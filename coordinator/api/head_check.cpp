#include "coordinator/api/head_check.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

namespace switchyard::api {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view head_end = "\r\n\r\n";

/// Headers whose repetition lets two readers disagree on who asks, or where the body ends.
constexpr std::array<std::string_view, 8> single_headers = {
    "host",          "content-length", "content-type",    "transfer-encoding",
    "authorization", "origin",         "idempotency-key", "expect"};

/// RFC 9110 `tchar`.
bool is_token_character(char c) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || marks.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

std::optional<HeadRefusal> refuse_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return HeadRefusal{400, "the request line is malformed"};
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (!is_token(line.substr(0, first))) return HeadRefusal{400, "the request method is malformed"};
  const bool plain = std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (target.empty() || target.front() != '/' || !plain) {
    return HeadRefusal{400, "the request target must be a path of printable ASCII characters"};
  }
  if (line.substr(last + 1) != "HTTP/1.1") return HeadRefusal{505, "only HTTP/1.1 is spoken here"};
  return std::nullopt;
}

std::optional<HeadRefusal> refuse_header(std::string_view line, std::set<std::string>& seen) {
  if (line.front() == ' ' || line.front() == '\t') return HeadRefusal{400, "continued header lines are refused"};
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return HeadRefusal{400, "a header line is malformed"};
  }
  if (has_control_character(line)) return HeadRefusal{400, "a header line holds a control character"};
  const std::string name = lower_case(line.substr(0, colon));
  const std::string_view value = trim(line.substr(colon + 1));
  const bool single = std::find(single_headers.begin(), single_headers.end(), name) != single_headers.end();
  if (!seen.insert(name).second && single) return HeadRefusal{400, "the header " + name + " is given twice"};
  if (name == "transfer-encoding") {
    return HeadRefusal{411, "Transfer-Encoding is refused: send the body with a Content-Length"};
  }
  if (name == "content-length") {
    constexpr std::size_t digits_max = 18;  // fits 64 bits
    const bool number = !value.empty() && value.size() <= digits_max &&
                        std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!number) return HeadRefusal{400, "Content-Length is not a number"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::size_t> end_of_head(std::string_view bytes) {
  const std::size_t at = bytes.find(head_end);
  if (at == std::string_view::npos) return std::nullopt;
  return at + head_end.size();
}

bool is_hopeless(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r')) return true;
  }
  return false;
}

std::optional<HeadRefusal> refuse_head(std::string_view head) {
  std::set<std::string> seen;
  bool first = true;
  while (!head.empty()) {
    const std::size_t end = head.find(line_end);
    const std::string_view line = head.substr(0, end);
    if (end == std::string_view::npos || line.find_first_of("\r\n") != std::string_view::npos) {
      return HeadRefusal{400, "a header line does not end with CR LF"};
    }
    head.remove_prefix(end + line_end.size());
    if (line.empty() && !first) break;
    std::optional<HeadRefusal> refusal = first ? refuse_request_line(line) : refuse_header(line, seen);
    if (refusal) return refusal;
    first = false;
  }
  if (!seen.contains("host")) return HeadRefusal{400, "the Host header is missing"};
  return std::nullopt;
}

}  // namespace switchyard::api
