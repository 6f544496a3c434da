#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// A strict reading of the raw bytes of an HTTP/1.1 request header, made before the parser sees them. A parser that
/// forgives is how two programs come to see different requests in the same bytes (request smuggling); we refuse what
/// the standard calls obsolete or invalid, even where our parser would cope. Pure.
namespace switchyard::api {

struct HeadRefusal {
  int status = 400;
  std::string message;
};

/// Where the header ends: the index after its empty line; nothing if it has not arrived whole.
std::optional<std::size_t> end_of_head(std::string_view bytes);

/// True when the bytes so far can no longer become a good header (a bare LF), so that there is no use in waiting.
bool is_hopeless(std::string_view bytes);

/// `head` ends with its empty line. Refuses: bare CR or LF, control characters, continued lines, spaces around names,
/// another version than HTTP/1.1, repeated headers that must be single, Transfer-Encoding (411: all our clients know
/// the length), and a Content-Length that is not a plain number.
std::optional<HeadRefusal> refuse_head(std::string_view head);

}  // namespace switchyard::api
