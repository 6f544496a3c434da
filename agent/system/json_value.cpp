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
    at_ += static_cast<std::size_t>(end - first);
    // Fractions appear in no field that is looked at: they are passed over.
    while (at_ < text_.size() && std::string_view(".eE+-0123456789").find(text_[at_]) != std::string_view::npos) ++at_;
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
          // Only comments of people hold such characters, and they are not looked at.
          if (at_ + 4 > text_.size()) fail("the text ends early");
          at_ += 4;
          result += '?';
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

}  // namespace switchyard::agent
