#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// The parsed tree behind YamlNode. Only yaml_reader.cpp and yaml_tree.cpp include this.
namespace switchyard {

struct YamlData;

enum class YamlKind { null, scalar, list, map };

/// Counted from 1, as editors do.
struct YamlPlace {
  int line = 1;
  int column = 1;
};

struct YamlEntry {
  std::string key;
  YamlPlace place;
  std::shared_ptr<const YamlData> value;
};

struct YamlData {
  YamlKind kind = YamlKind::null;
  YamlPlace place;
  std::string text;
  bool quoted = false;
  std::vector<std::shared_ptr<const YamlData>> items;
  std::vector<YamlEntry> entries;
  std::size_t visits = 1;  ///< nodes that a walk over this one meets, with every alias walked again
};

/// "file:line:column"
std::string yaml_position(const std::string& file_name, YamlPlace place);

/// Throws InputError.
std::shared_ptr<const YamlData> parse_yaml(std::string_view text, const std::string& file_name);

}  // namespace switchyard
