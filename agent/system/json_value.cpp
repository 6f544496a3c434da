#include "agent/system/json_value.hpp"

#include <charconv>

#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  JsonValue whole() {
    JsonValue value = read(0);
    skip_space();
    if (at_ != text_.size()) fail("text after the value");
    return value;
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw DecodeError("not the JSON that was expected: " + why + " at byte " + std::to_string(at_));
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
  }
  char peek() {
    skip_space();
    if (at_ >= text_.size()) fail("the text ends early");
    return text_[at_];
  }
  bool take(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) {
    if (!take(wanted)) fail(std::string("expected '") + wanted + "'");
  }
  void word(std::string_view wanted) {
    if (text_.substr(at_, wanted.size()) != wanted) fail("unknown word");
    at_ += wanted.size();
  }

  JsonValue read(std::size_t depth) {
    if (depth > limits::json_depth_max) fail("nested too deeply");
    if (++values_ > limits::json_values_max) fail("too many values");
    JsonValue value;
    switch (peek()) {
      case '{':
        read_object(value, depth);
        break;
      case '[':
        read_array(value, depth);
        break;
      case '"':
        value.kind = JsonValue::Kind::text;
        value.text = read_text();
        break;
      case 't':
      case 'f':
        value.kind = JsonValue::Kind::boolean;
        value.boolean = text_[at_] == 't';
        word(value.boolean ? "true" : "false");
        break;
      case 'n':
        word("null");
        break;
      default:
        read_number(value);
    }
    return value;
  }

  void read_object(JsonValue& value, std::size_t depth) {
    value.kind = JsonValue::Kind::object;
    expect('{');
    if (take('}')) return;
    do {
      if (peek() != '"') fail("expected a name");
      std::string name = read_text();
      expect(':');
      value.members.push_back({std::move(name), read(depth + 1)});
    } while (take(','));
    expect('}');
  }

  void read_array(JsonValue& value, std::size_t depth) {
    value.kind = JsonValue::Kind::array;
    expect('[');
    if (take(']')) return;
    do {
      value.items.push_back(read(depth + 1));
    } while (take(','));
    expect(']');
  }

  void read_number(JsonValue& value) {
    value.kind = JsonValue::Kind::number;
    const char* first = text_.data() + at_;
    const char* last = text_.data() + text_.size();
    const auto [end, error] = std::from_chars(first, last, value.number);
    if (error != std::errc()) fail("expected a value");
    const std::size_t began = at_;
    at_ += static_cast<std::size_t>(end - first);
    // Of a fraction only the whole part is a number to us; it is kept as it was written.
    while (at_ < text_.size() && std::string_view(".eE+-0123456789").find(text_[at_]) != std::string_view::npos) ++at_;
    value.text = std::string(text_.substr(began, at_ - began));
  }

  std::uint32_t read_code_unit() {
    if (at_ + 4 > text_.size()) fail("the text ends early");
    std::uint32_t code = 0;
    const char* first = text_.data() + at_;
    const auto [end, error] = std::from_chars(first, first + 4, code, 16);
    if (error != std::errc() || end != first + 4) fail("expected four hexadecimal digits");
    at_ += 4;
    return code;
  }
  /// After a backslash and a u. Half a pair, and a NUL, read as a question mark: no text of ours holds them.
  std::uint32_t read_code() {
    const std::uint32_t first = read_code_unit();
    if (first < 0xd800 || first > 0xdfff) return first == 0 ? '?' : first;
    if (first > 0xdbff || text_.substr(at_, 2) != "\\u") return '?';
    at_ += 2;
    const std::uint32_t second = read_code_unit();
    if (second < 0xdc00 || second > 0xdfff) return '?';
    return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
  }
  static void append_character(std::string& text, std::uint32_t code) {
    const auto add = [&text](std::uint32_t byte) { text += static_cast<char>(byte); };
    const auto add_rest = [&](int bits) { add(0x80 | ((code >> bits) & 0x3f)); };
    if (code < 0x80) return add(code);
    if (code < 0x800) {
      add(0xc0 | (code >> 6));
    } else if (code < 0x10000) {
      add(0xe0 | (code >> 12));
      add_rest(6);
    } else {
      add(0xf0 | (code >> 18));
      add_rest(12);
      add_rest(6);
    }
    add_rest(0);
  }

  std::string read_text() {
    expect('"');
    std::string result;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] != '\\') {
        result += text_[at_++];
        continue;
      }
      if (++at_ >= text_.size()) break;
      switch (text_[at_++]) {
        case 'n':
          result += '\n';
          break;
        case 't':
          result += '\t';
          break;
        case 'r':
          result += '\r';
          break;
        case 'b':
          result += '\b';
          break;
        case 'f':
          result += '\f';
          break;
        case 'u':
          append_character(result, read_code());
          break;
        default:
          result += text_[at_ - 1];
      }
    }
    expect('"');
    return result;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
};

const JsonValue& nothing() {
  static const JsonValue value;
  return value;
}

}  // namespace

const JsonValue& JsonValue::find(std::string_view name) const {
  for (const auto& [key, value] : members) {
    if (key == name) return value;
  }
  return nothing();
}

bool JsonValue::has(std::string_view name) const {
  for (const auto& [key, value] : members) {
    if (key == name) return true;
  }
  return false;
}

JsonValue parse_json(std::string_view text) { return Reader(text).whole(); }

std::string json_quoted(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += std::string("\\") + c;
    } else if (byte < 0x20) {
      quoted += std::string("\\u00") + digits[byte >> 4] + digits[byte & 15];
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string json_text(const JsonValue& value) {
  std::string text;
  switch (value.kind) {
    case JsonValue::Kind::null:
      return "null";
    case JsonValue::Kind::boolean:
      return value.boolean ? "true" : "false";
    case JsonValue::Kind::number:
      return value.text;
    case JsonValue::Kind::text:
      return json_quoted(value.text);
    case JsonValue::Kind::array:
      for (const JsonValue& item : value.items) text += (text.empty() ? "" : ",") + json_text(item);
      return "[" + text + "]";
    case JsonValue::Kind::object:
      for (const auto& [name, member] : value.members) {
        text += (text.empty() ? "" : ",") + json_quoted(name) + ":" + json_text(member);
      }
      return "{" + text + "}";
  }
  return text;
}

}  // namespace switchyard::agent
