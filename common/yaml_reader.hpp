#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// YAML as people write it by hand: configuration files and manifests. Every refusal is an InputError that reads
/// "file:line:column: what is wrong, and what to do". Stricter than YAML where YAML surprises: duplicate keys, keys
/// that nobody knows, several documents, tags, merge keys, and plain `off`/`no`/`yes`/`on` are refused. Aliases are
/// allowed and counted, so that a small file never becomes a large tree. Any thread; a node is an immutable value.
namespace switchyard {

struct YamlData;

class YamlNode {
 public:
  bool is_null() const;
  bool is_scalar() const;
  bool is_list() const;
  bool is_map() const;

  /// A scalar that stands without quotes, and as no block text: what YAML gives a type by its looks.
  bool is_plain() const;

  /// Throws unless the node is a map that has no key but these.
  void allow_keys(std::initializer_list<std::string_view> keys) const;
  /// The value of a map's key; nothing when the key is absent or has no value. Throws if the node is no map.
  std::optional<YamlNode> find(std::string_view key) const;
  /// The value of a map's key, which must be there.
  YamlNode at(std::string_view key) const;
  /// Keys and values of a map, in the order of the file.
  std::vector<std::pair<std::string, YamlNode>> entries() const;
  /// Of a list.
  std::vector<YamlNode> items() const;

  /// Any scalar but a plain yes/no/on/off. A number is taken as it is written: 1.20 stays 1.20.
  std::string text() const;
  /// A text for which is_name() holds.
  std::string name() const;
  /// One of these words; its index. The nearest word is named when it is none.
  std::size_t choice(std::initializer_list<std::string_view> words) const;
  /// A decimal integer within [least, most].
  std::int64_t integer(std::int64_t least, std::int64_t most) const;
  /// true or false, unquoted.
  bool boolean() const;
  /// A list of texts.
  std::vector<std::string> texts() const;

  // The same for a key of this map, with a value for its absence.
  std::string text_or(std::string_view key, std::string_view fallback) const;
  std::int64_t integer_or(std::string_view key, std::int64_t least, std::int64_t most, std::int64_t fallback) const;
  bool boolean_or(std::string_view key, bool fallback) const;
  std::vector<std::string> texts_or_none(std::string_view key) const;

  /// file:line:column of this node.
  std::string where() const;
  const std::string& file() const { return *file_; }
  int line() const;
  int column() const;
  /// `servers[0].ports.blue`: how messages name the node. "the file" for the outermost.
  std::string label() const;
  /// Throws InputError: "<where>: <message>".
  [[noreturn]] void refuse(const std::string& message) const;

 private:
  friend YamlNode read_yaml(std::string_view text, const std::string& file_name);
  YamlNode(std::shared_ptr<const std::string> file, std::shared_ptr<const YamlData> data, std::string path);
  YamlNode child(std::shared_ptr<const YamlData> data, const std::string& step) const;

  // Shared, because aliases share subtrees and nodes are handed out by value.
  std::shared_ptr<const std::string> file_;
  std::shared_ptr<const YamlData> data_;
  std::string path_;
};

/// The one document in `text`; an empty text is a null node. `file_name` is for messages only.
/// Throws InputError on anything that is refused, limits::yaml_* included.
YamlNode read_yaml(std::string_view text, const std::string& file_name);

}  // namespace switchyard
