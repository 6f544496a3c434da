#include "coordinator/config/value.hpp"

#include <algorithm>
#include <unordered_map>

#include "common/ensure.hpp"

namespace switchyard::config {
namespace {

using templates::json_text;

void add_leaves(const std::string& path, const Value& value, std::vector<std::pair<std::string, const Value*>>& list) {
  if (value.kind != ValueKind::map || (value.entries.empty() && !path.empty())) {
    list.emplace_back(path, &value);
    return;
  }
  for (const Entry& entry : value.entries) {
    add_leaves(path.empty() ? entry.key : path + "." + entry.key, entry.value, list);
  }
}

/// `sealed` says how a text with secrets is written; the rest is JSON.
template <class Sealed>
std::string written(const Value& value, const char* gap, const Sealed& sealed) {
  std::string text;
  switch (value.kind) {
    case ValueKind::null:
      return "null";
    case ValueKind::boolean:
    case ValueKind::number:
      return value.text;
    case ValueKind::text:
      return json_text(value.text);
    case ValueKind::sealed:
      return sealed(value);
    case ValueKind::list:
      for (const Value& item : value.items) {
        text += (text.empty() ? "" : std::string(",") + gap) + written(item, gap, sealed);
      }
      return "[" + text + "]";
    case ValueKind::map:
      for (const Entry& entry : value.entries) {
        text += (text.empty() ? "" : std::string(",") + gap) + json_text(entry.key) + ":" + gap;
        text += written(entry.value, gap, sealed);
      }
      return "{" + text + "}";
  }
  return {};
}

}  // namespace

std::string source_name(SourceKind kind) {
  switch (kind) {
    case SourceKind::variable:
      return "variable";
    case SourceKind::base:
      return "base";
    case SourceKind::override_:
      return "override";
    case SourceKind::template_:
      return "template";
  }
  return {};
}

std::string Source::where() const { return file + ":" + std::to_string(line) + ":" + std::to_string(column); }

const Value* Value::find(const std::string& key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

const Value* Value::find_path(const std::string& path) const {
  if (const Value* found = find(path)) return found;
  for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1)) {
    const Value* parent = find(path.substr(0, dot));
    if (parent == nullptr) continue;
    if (const Value* found = parent->find_path(path.substr(dot + 1))) return found;
  }
  return nullptr;
}

bool operator==(const Value& a, const Value& b) {
  return a.kind == b.kind && a.text == b.text && a.pieces == b.pieces && a.items == b.items && a.entries == b.entries;
}
bool operator==(const Entry& a, const Entry& b) { return a.key == b.key && a.value == b.value; }

Value merged(Value base, const Value& over) {
  ENSURE(base.kind == ValueKind::map && over.kind == ValueKind::map);
  std::unordered_map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < base.entries.size(); ++i) places.emplace(base.entries[i].key, i);
  for (const Entry& entry : over.entries) {
    const auto there = places.find(entry.key);
    if (there == places.end()) {
      base.entries.push_back(entry);
      continue;
    }
    Value& value = base.entries[there->second].value;
    const bool both = value.kind == ValueKind::map && entry.value.kind == ValueKind::map;
    value = both ? merged(std::move(value), entry.value) : entry.value;
  }
  return base;
}

bool has_templates(const Value& value) {
  if (value.kind == ValueKind::text) return templates::is_template(value.text);
  return std::any_of(value.items.begin(), value.items.end(), has_templates) ||
         std::any_of(value.entries.begin(), value.entries.end(),
                     [](const Entry& entry) { return has_templates(entry.value); });
}

std::string shown(const Value& value) {
  if (value.kind == ValueKind::text) return value.text;
  return written(value, " ", [](const Value& text) { return templates::shown(text.pieces); });
}

std::string to_json(const Value& value) {
  return written(value, "", [](const Value& text) { return templates::pieces_json(text.pieces); });
}

std::vector<std::pair<std::string, const Value*>> leaves(const Value& map) {
  std::vector<std::pair<std::string, const Value*>> list;
  add_leaves("", map, list);
  return list;
}

}  // namespace switchyard::config
