#include "common/yaml_tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <unordered_map>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/utf8.hpp"

namespace switchyard {

namespace {

YamlPlace place_of(const YAML::Mark& mark) { return {std::max(mark.line, 0) + 1, std::max(mark.column, 0) + 1}; }

/// Builds the tree from the parser's events, so that bounds hold while the text is read and not after.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const std::string& file_name) : file_name_(file_name) {}

  std::shared_ptr<const YamlData> take() { return root_ ? root_ : std::make_shared<const YamlData>(); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(make(YamlKind::null, mark), anchor); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) refuse(place_of(mark), "an alias stands inside of what it names; write the value out");
    // A copy, so that messages about the value name the place where the alias stands.
    auto copy = std::make_shared<YamlData>(*found->second);
    copy->place = place_of(mark);
    add(std::move(copy), 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const bool text_tag = tag == "tag:yaml.org,2002:str";
    if (!text_tag) check_tag(mark, tag);
    auto data = make(YamlKind::scalar, mark);
    data->text = value;
    data->quoted = tag == "!" || text_tag;
    if (value.find('\0') != std::string::npos) refuse(data->place, "a text with a zero byte; remove the byte");
    if (!is_text(value)) refuse(data->place, "a text that is no UTF-8; save the file as UTF-8");
    add(std::move(data), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open(YamlKind::list, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open(YamlKind::map, mark, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    std::shared_ptr<YamlData> data;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    std::string key;
    YamlPlace key_place;
    std::unordered_map<std::string, int> key_lines;  ///< keys seen so far
  };

  [[noreturn]] void refuse(YamlPlace place, const std::string& message) const {
    throw InputError(yaml_position(file_name_, place) + ": " + message);
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    refuse(place_of(mark), "the tag `" + tag + "` is not supported; write the plain value");
  }

  static std::shared_ptr<YamlData> make(YamlKind kind, const YAML::Mark& mark) {
    auto data = std::make_shared<YamlData>();
    data->kind = kind;
    data->place = place_of(mark);
    return data;
  }

  void open(YamlKind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (open_.size() >= limits::yaml_depth_max) {
      refuse(place_of(mark),
             "more than " + std::to_string(limits::yaml_depth_max) + " levels of nesting; flatten the file");
    }
    if (!open_.empty() && open_.back().data->kind == YamlKind::map && !open_.back().has_key) {
      refuse(place_of(mark), "a key must be a single text, not a list or map");
    }
    open_.push_back({make(kind, mark), anchor, false, {}, {}, {}});
  }

  void close() {
    ENSURE(!open_.empty());
    Open done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.data), done.anchor);
  }

  void add(std::shared_ptr<YamlData> data, YAML::anchor_t anchor) {
    if (!open_.empty() && open_.back().data->kind == YamlKind::map && !open_.back().has_key) {
      take_key(*data);
      return;
    }
    if (anchor != 0) anchors_[anchor] = data;
    if (open_.empty()) {
      root_ = std::move(data);
      return;
    }
    Open& parent = open_.back();
    parent.data->visits += data->visits;
    if (parent.data->visits > limits::yaml_nodes_max) {
      refuse(data->place, "the file has more than " + std::to_string(limits::yaml_nodes_max) +
                              " values, aliases counted as often as they are used; split it or use fewer aliases");
    }
    if (parent.data->kind == YamlKind::list) {
      parent.data->items.push_back(std::move(data));
      return;
    }
    parent.data->entries.push_back({std::move(parent.key), parent.key_place, std::move(data)});
    parent.has_key = false;
  }

  void take_key(const YamlData& key) {
    Open& map = open_.back();
    if (key.kind != YamlKind::scalar) refuse(key.place, "a key is missing, or is not a single text");
    if (key.text == "<<" && !key.quoted) {
      refuse(key.place, "merge keys (`<<`) are not supported; write the keys out");
    }
    const auto [seen, is_new] = map.key_lines.emplace(key.text, key.place.line);
    if (!is_new) {
      refuse(key.place, "the key `" + key.text + "` is there twice (first in line " + std::to_string(seen->second) +
                            "); remove one of the two");
    }
    map.has_key = true;
    map.key = key.text;
    map.key_place = key.place;
  }

  const std::string& file_name_;
  std::shared_ptr<const YamlData> root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, std::shared_ptr<const YamlData>> anchors_;
};

}  // namespace

std::string yaml_position(const std::string& file_name, YamlPlace place) {
  return file_name + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

std::shared_ptr<const YamlData> parse_yaml(std::string_view text, const std::string& file_name) {
  if (text.size() > limits::yaml_bytes_max) {
    throw InputError(file_name + ":1:1: the file has " + std::to_string(text.size()) + " bytes, but at most " +
                     std::to_string(limits::yaml_bytes_max) + " are allowed; split it");
  }
  std::istringstream stream{std::string(text)};
  TreeBuilder builder(file_name);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return builder.take();
    TreeBuilder second(file_name);
    if (parser.HandleNextDocument(second)) {
      throw InputError(file_name + ":1:1: the file has several YAML documents (`---`), but must have one; split it");
    }
  } catch (const YAML::Exception& error) {
    throw InputError(yaml_position(file_name, place_of(error.mark)) + ": this is not YAML: " + error.msg +
                     "; check indentation, quotes and brackets around this place");
  }
  return builder.take();
}

}  // namespace switchyard
