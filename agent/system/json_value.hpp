#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::agent {

struct JsonMember;

/// One value of a JSON text, as `nft -j` and checks print it. A small reader of our own, since the agent carries no
/// JSON library. Plain value; find() and friends never throw, so that a filter
/// which nft prints in an unforeseen shape reads as "unknown" and not as an error.
struct JsonValue {
  enum class Kind { null, boolean, number, text, array, object };
  Kind kind = Kind::null;
  bool boolean = false;
  std::int64_t number = 0;        ///< its whole part
  std::string text;               ///< of a number: as it was written
  std::vector<JsonValue> items;     ///< array
  std::vector<JsonMember> members;  ///< object, in the order of the text

  /// The member of that name, or null (a value of kind null) if this is no object or has none.
  const JsonValue& find(std::string_view name) const;
  bool has(std::string_view name) const;
  bool is_number() const { return kind == Kind::number; }
  bool is_text(std::string_view wanted) const { return kind == Kind::text && text == wanted; }
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

/// Throws DecodeError: what is wrong, at which byte. Depth and number of values are bounded.
JsonValue parse_json(std::string_view text);
/// As JSON, without blanks.
std::string json_text(const JsonValue& value);
/// `text` between quotation marks.
std::string json_quoted(std::string_view text);

}  // namespace switchyard::agent
