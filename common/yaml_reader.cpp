#include "common/yaml_reader.hpp"

#include <algorithm>
#include <charconv>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "common/ids.hpp"
#include "common/nearest.hpp"
#include "common/yaml_tree.hpp"

namespace switchyard {

namespace {

/// YAML 1.1 takes these for booleans and YAML 1.2 does not; whichever a reader chooses, somebody is surprised.
bool is_surprising_boolean(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower == "yes" || lower == "no" || lower == "on" || lower == "off";
}

std::string kind_name(YamlKind kind) {
  switch (kind) {
    case YamlKind::null:
      return "empty";
    case YamlKind::scalar:
      return "a single value";
    case YamlKind::list:
      return "a list";
    case YamlKind::map:
      return "a map";
  }
  return {};
}

}  // namespace

YamlNode::YamlNode(std::shared_ptr<const std::string> file, std::shared_ptr<const YamlData> data, std::string path)
    : file_(std::move(file)), data_(std::move(data)), path_(std::move(path)) {}

YamlNode YamlNode::child(std::shared_ptr<const YamlData> data, const std::string& step) const {
  const bool dot = !path_.empty() && !step.starts_with('[');
  return {file_, std::move(data), path_ + (dot ? "." : "") + step};
}

bool YamlNode::is_null() const { return data_->kind == YamlKind::null; }
bool YamlNode::is_scalar() const { return data_->kind == YamlKind::scalar; }
bool YamlNode::is_list() const { return data_->kind == YamlKind::list; }
bool YamlNode::is_map() const { return data_->kind == YamlKind::map; }
bool YamlNode::is_plain() const { return is_scalar() && !data_->quoted; }
int YamlNode::line() const { return data_->place.line; }
int YamlNode::column() const { return data_->place.column; }

std::string YamlNode::where() const { return yaml_position(*file_, data_->place); }
std::string YamlNode::label() const { return path_.empty() ? "the file" : "`" + path_ + "`"; }
void YamlNode::refuse(const std::string& message) const { throw InputError(where() + ": " + message); }

void YamlNode::allow_keys(std::initializer_list<std::string_view> keys) const {
  if (!is_map()) refuse(label() + " is " + kind_name(data_->kind) + ", but it must be a map of `key: value` lines");
  for (const YamlEntry& entry : data_->entries) {
    if (std::find(keys.begin(), keys.end(), entry.key) != keys.end()) continue;
    std::string known;
    for (std::string_view key : keys) known += (known.empty() ? "" : ", ") + std::string(key);
    const std::string guess = did_you_mean(entry.key, {keys.begin(), keys.end()});
    throw InputError(yaml_position(*file_, entry.place) + ": unknown key `" + entry.key + "` in " + label() +
                     (guess.empty() ? "; known keys: " + known : guess));
  }
}

std::optional<YamlNode> YamlNode::find(std::string_view key) const {
  if (!is_map()) refuse(label() + " is " + kind_name(data_->kind) + ", but it must be a map of `key: value` lines");
  for (const YamlEntry& entry : data_->entries) {
    if (entry.key != key) continue;
    if (entry.value->kind == YamlKind::null) return std::nullopt;
    return child(entry.value, entry.key);
  }
  return std::nullopt;
}

YamlNode YamlNode::at(std::string_view key) const {
  if (auto found = find(key)) return *found;
  refuse(label() + " has no `" + std::string(key) + "`; add `" + std::string(key) + ": ...`");
}

std::vector<std::pair<std::string, YamlNode>> YamlNode::entries() const {
  if (!is_map()) refuse(label() + " is " + kind_name(data_->kind) + ", but it must be a map of `key: value` lines");
  std::vector<std::pair<std::string, YamlNode>> result;
  for (const YamlEntry& entry : data_->entries) result.emplace_back(entry.key, child(entry.value, entry.key));
  return result;
}

std::vector<YamlNode> YamlNode::items() const {
  if (!is_list()) refuse(label() + " is " + kind_name(data_->kind) + ", but it must be a list: [a, b] or `- ` lines");
  std::vector<YamlNode> result;
  for (std::size_t i = 0; i < data_->items.size(); ++i) {
    result.push_back(child(data_->items[i], "[" + std::to_string(i) + "]"));
  }
  return result;
}

std::string YamlNode::text() const {
  if (!is_scalar()) refuse(label() + " is " + kind_name(data_->kind) + ", but it must be a text");
  if (!data_->quoted && is_surprising_boolean(data_->text)) {
    refuse(label() + " is a plain `" + data_->text + "`, which YAML may take for a boolean; put it in quotes: \"" +
           data_->text + "\"");
  }
  return data_->text;
}

std::string YamlNode::name() const {
  std::string value = text();
  if (is_name(value)) return value;
  refuse(
      label() + " is \"" + value +
      "\", but a name has 1 to 64 lower-case letters, digits, `.`, `_` or `-`, begins with a letter or digit, and has "
      "no `..`");
}

std::size_t YamlNode::choice(std::initializer_list<std::string_view> words) const {
  // Not text(): a word list says by itself what is meant, and the message below is the better one for a plain `off`.
  if (!is_scalar()) refuse(label() + " is " + kind_name(data_->kind) + ", but it must be a single word");
  const auto found = std::find(words.begin(), words.end(), data_->text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::string known;
  for (std::string_view word : words) known += (known.empty() ? "" : ", ") + std::string(word);
  refuse(label() + " is \"" + data_->text + "\", but it must be one of " + known +
         did_you_mean(data_->text, {words.begin(), words.end()}));
}

std::int64_t YamlNode::integer(std::int64_t least, std::int64_t most) const {
  const std::string wanted = "an integer from " + std::to_string(least) + " to " + std::to_string(most);
  if (!is_scalar()) refuse(label() + " is " + kind_name(data_->kind) + ", but it must be " + wanted);
  std::int64_t value = 0;
  const char* begin = data_->text.data();
  const char* end = begin + data_->text.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  // A leading zero is octal for some readers of YAML and decimal for others.
  const std::size_t digits_at = data_->text.starts_with('-') ? 1 : 0;
  const bool leading_zero = data_->text.size() > digits_at + 1 && data_->text[digits_at] == '0';
  if (error != std::errc{} || stop != end || leading_zero || data_->quoted || value < least || value > most) {
    refuse(label() + " is " + (data_->quoted ? "the text " : "") + "\"" + data_->text + "\", but it must be " + wanted);
  }
  return value;
}

bool YamlNode::boolean() const {
  if (is_scalar() && !data_->quoted && data_->text == "true") return true;
  if (is_scalar() && !data_->quoted && data_->text == "false") return false;
  refuse(label() + " is " + (is_scalar() ? "\"" + data_->text + "\"" : kind_name(data_->kind)) +
         ", but it must be true or false");
}

std::vector<std::string> YamlNode::texts() const {
  std::vector<std::string> result;
  for (const YamlNode& item : items()) result.push_back(item.text());
  return result;
}

std::string YamlNode::text_or(std::string_view key, std::string_view fallback) const {
  const auto found = find(key);
  return found ? found->text() : std::string(fallback);
}

std::int64_t YamlNode::integer_or(std::string_view key, std::int64_t least, std::int64_t most,
                                  std::int64_t fallback) const {
  ENSURE(fallback >= least && fallback <= most);
  const auto found = find(key);
  return found ? found->integer(least, most) : fallback;
}

bool YamlNode::boolean_or(std::string_view key, bool fallback) const {
  const auto found = find(key);
  return found ? found->boolean() : fallback;
}

std::vector<std::string> YamlNode::texts_or_none(std::string_view key) const {
  const auto found = find(key);
  return found ? found->texts() : std::vector<std::string>{};
}

YamlNode read_yaml(std::string_view text, const std::string& file_name) {
  return {std::make_shared<const std::string>(file_name), parse_yaml(text, file_name), ""};
}

}  // namespace switchyard
