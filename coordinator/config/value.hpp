#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/yaml_reader.hpp"
#include "coordinator/templates/template_renderer.hpp"

/// Values of a configuration: typed as YAML types them, each knowing where it comes from. Pure.
namespace switchyard::config {

/// Which part of the configuration said it; later ones go before earlier ones.
enum class SourceKind { variable, base, override_, template_ };
std::string source_name(SourceKind kind);

struct Source {
  SourceKind kind = SourceKind::base;
  std::string file;
  int line = 0;
  int column = 0;

  std::string where() const;  ///< file:line:column
  bool operator==(const Source&) const = default;
};

enum class ValueKind {
  null,
  boolean,
  number,  ///< as it was written: 1.20 stays 1.20
  text,
  sealed,  ///< a text with secrets, which it names and does not hold
  list,
  map
};

struct Entry;
struct Value {
  ValueKind kind = ValueKind::null;
  std::string text;            ///< of a boolean, number or text
  templates::Pieces pieces;    ///< of a sealed text
  std::vector<Value> items;    ///< of a list
  std::vector<Entry> entries;  ///< of a map, in the order of the files
  Source source;

  bool is_scalar() const { return kind != ValueKind::list && kind != ValueKind::map; }
  /// Of a map. Nothing when there is no such key.
  const Value* find(const std::string& key) const;
  /// By a path of keys: `api.rate_limit_per_minute`; a key that itself is called so goes first.
  const Value* find_path(const std::string& path) const;
};
struct Entry {
  std::string key;
  Value value;
};
/// Of the content; where it comes from does not count.
bool operator==(const Value& a, const Value& b);
bool operator==(const Entry& a, const Entry& b);

/// A node of a file, and all below it, at most limits::config_values_max values. What one reader of YAML takes for a
/// boolean or number and another does not
/// (`off`, 0755, 1e5) is refused. Throws InputError.
Value read_value(const YamlNode& node, SourceKind kind);
/// A map, or an empty one when the key is absent. Throws InputError.
Value read_map(const YamlNode& parent, std::string_view key, SourceKind kind);

/// The entries of `over` laid over those of `base`: maps are merged, everything else is replaced. Both are maps.
Value merged(Value base, const Value& over);

/// Is there a text in it that Jinja2 would act upon?
bool has_templates(const Value& value);

/// One line for people; secrets by name.
std::string shown(const Value& value);
/// JSON: what templates get. A sealed text is {"$pieces": ...}.
std::string to_json(const Value& value);

/// What is no map, with its path, in the order of the files; an empty map counts as a value.
std::vector<std::pair<std::string, const Value*>> leaves(const Value& map);

}  // namespace switchyard::config
