#include "coordinator/config/configuration_file.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "common/error.hpp"
#include "coordinator/config/environment.hpp"
#include "coordinator/model/configuration_escape.hpp"

namespace switchyard::config {
namespace {

using model::ConfigurationFormat;
using model::ConfigurationPiece;

ConfigurationPiece text_piece(std::string text) {
  return {ConfigurationPiece::Kind::text, std::move(text), 0, 0, 0, 0};
}

class FileWriter {
 public:
  explicit FileWriter(ConfigurationFormat format) { file_.format = format; }

  void write_json(const Value& map) {
    add_json(map, "", 0);
    between("\n");
  }
  void write_yaml(const Value& map) {
    if (map.entries.empty()) between("{}\n");
    add_yaml(map, "", 0);
  }
  void write_env(const Value& map, const std::string& server) {
    std::set<std::string> names;
    for (const auto& [key, value] : leaves(map)) {
      const std::string name = variable_name(key, server);
      if (!names.insert(name).second) {
        throw InputError(value->source.where() + ": `" + key + "` becomes the variable " + name +
                         ", and so does another key of " + server + "; rename one, or use `format: json`");
      }
      between(name + "=\"");
      const bool compound = value->kind == ValueKind::list || value->kind == ValueKind::map;
      begin(key);
      if (compound) {
        // As the text of JSON, which is escaped as any other.
        FileWriter inner(ConfigurationFormat::json);
        inner.add_json(*value, key, 0);
        for (model::ConfigurationPart& part : inner.file_.parts) {
          for (ConfigurationPiece& piece : part.pieces) {
            if (piece.kind != ConfigurationPiece::Kind::text) {
              throw InputError(value->source.where() + ": `" + key +
                               "` is a list with a secret in it, which no variable can hold; use `format: json`");
            }
            put(text_piece(escaped(piece.text)));
          }
        }
      } else if (value->kind != ValueKind::null) {
        put_value(*value);
      }
      end();
      between("\"\n");
    }
  }
  model::ComponentConfiguration take() { return std::move(file_); }

 private:
  static std::string variable_name(const std::string& key, const std::string& server) {
    std::string name = key;
    for (char& c : name) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
      if (c == '.' || c == '-') c = '_';
    }
    if (!is_variable_name(name)) {
      throw InputError("server " + server + ": the key `" + key + "` can be no variable of a process: use letters, " +
                       "digits and `_`, or `format: json`");
    }
    if (name == "PORT" || name == "PATH" || name.starts_with("SWITCHYARD_") || name.starts_with("LD_")) {
      throw InputError("server " + server + ": the key `" + key + "` would become the variable " + name +
                       ", which is set otherwise or means something to the system; give it another name");
    }
    return name;
  }

  std::string escaped(const std::string& text) const { return model::escaped(text, file_.format); }
  std::string quoted(const std::string& text) const { return "\"" + escaped(text) + "\""; }

  void begin(const std::string& key) { file_.parts.push_back({key, {}}); }
  void end() { file_.parts.push_back({"", {}}); }
  void put(ConfigurationPiece piece) {
    if (file_.parts.empty()) file_.parts.emplace_back();
    auto& pieces = file_.parts.back().pieces;
    const bool joins = piece.kind == ConfigurationPiece::Kind::text && !pieces.empty() &&
                       pieces.back().kind == ConfigurationPiece::Kind::text;
    if (joins) {
      pieces.back().text += piece.text;
    } else {
      pieces.push_back(std::move(piece));
    }
  }
  void between(const std::string& text) { put(text_piece(text)); }

  /// What stands between the quotes, or a number or boolean.
  void put_value(const Value& value) {
    if (value.kind != ValueKind::sealed) return put(text_piece(escaped(value.text)));
    for (const templates::Piece& piece : value.pieces) {
      switch (piece.kind) {
        case templates::Piece::Kind::text:
          put(text_piece(escaped(piece.text)));
          break;
        case templates::Piece::Kind::secret:
          put({ConfigurationPiece::Kind::secret, piece.text, 0, 0, 0, piece.base64_times});
          break;
        case templates::Piece::Kind::random:
          put({ConfigurationPiece::Kind::random, piece.text, 0, piece.index, piece.length, piece.base64_times});
          break;
      }
    }
  }
  void add_scalar(const Value& value, const std::string& key) {
    const bool quoted = value.kind == ValueKind::text || value.kind == ValueKind::sealed;
    if (quoted) between("\"");
    if (!key.empty()) begin(key);
    if (value.kind == ValueKind::null) {
      put(text_piece("null"));
    } else {
      put_value(value);
    }
    if (!key.empty()) end();
    if (quoted) between("\"");
  }
  /// Everything within a list is of the list's key.
  void add_flow(const Value& value) {
    if (value.is_scalar()) return add_scalar(value, "");
    const bool list = value.kind == ValueKind::list;
    between(list ? "[" : "{");
    bool first = true;
    const auto separate = [&] {
      if (!first) between(", ");
      first = false;
    };
    for (const Value& item : value.items) {
      separate();
      add_flow(item);
    }
    for (const Entry& entry : value.entries) {
      separate();
      between(quoted(entry.key) + ": ");
      add_flow(entry.value);
    }
    between(list ? "]" : "}");
  }
  void add_json(const Value& value, const std::string& path, std::size_t depth) {
    if (value.is_scalar()) return add_scalar(value, path);
    if (value.kind == ValueKind::list || value.entries.empty()) {
      if (!path.empty()) begin(path);
      add_flow(value);
      if (!path.empty()) end();
      return;
    }
    between("{\n");
    for (std::size_t i = 0; i < value.entries.size(); ++i) {
      const Entry& entry = value.entries[i];
      between(std::string(2 * (depth + 1), ' ') + quoted(entry.key) + ": ");
      add_json(entry.value, path.empty() ? entry.key : path + "." + entry.key, depth + 1);
      between(i + 1 == value.entries.size() ? "\n" : ",\n");
    }
    between(std::string(2 * depth, ' ') + "}");
  }
  void add_yaml(const Value& map, const std::string& path, std::size_t depth) {
    for (const Entry& entry : map.entries) {
      const std::string key = path.empty() ? entry.key : path + "." + entry.key;
      between(std::string(2 * depth, ' ') + quoted(entry.key) + ":");
      if (entry.value.kind == ValueKind::map && !entry.value.entries.empty()) {
        between("\n");
        add_yaml(entry.value, key, depth + 1);
        continue;
      }
      between(" ");
      if (entry.value.is_scalar()) {
        add_scalar(entry.value, key);
      } else {
        begin(key);
        add_flow(entry.value);
        end();
      }
      between("\n");
    }
  }

  model::ComponentConfiguration file_;
};

}  // namespace

model::ComponentConfiguration configuration_file(const Resolved& resolved, ConfigurationFormat format) {
  FileWriter writer(format);
  switch (format) {
    case ConfigurationFormat::json:
      writer.write_json(resolved.config);
      break;
    case ConfigurationFormat::yaml:
      writer.write_yaml(resolved.config);
      break;
    case ConfigurationFormat::env:
      writer.write_env(resolved.config, resolved.server);
      break;
  }
  model::ComponentConfiguration file = writer.take();
  std::erase_if(file.parts,
                [](const model::ConfigurationPart& part) { return part.key.empty() && part.pieces.empty(); });
  return file;
}

}  // namespace switchyard::config
