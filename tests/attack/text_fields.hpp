#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/message_fields.hpp"

namespace switchyard::attack {

/// An archive that finds every text of a message, wherever it stands: names, ids, units, excerpts, bytes, members of
/// lists, keys and values of maps. So a new field is attacked without anybody thinking of it. It puts a text of its own
/// in the place of one of them, or only counts.
class TextFields {
 public:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  /// `wanted`: which one is replaced, in the order of the description.
  TextFields(std::size_t wanted, std::string text) : wanted_(wanted), text_(std::move(text)) {}

  std::size_t count() const { return count_; }
  /// What was put there; shorter than the text where a field holds no more.
  const std::string& placed() const { return placed_; }
  /// The fields that lead there, by their numbers, and which of a list: `2[0].5`.
  const std::string& place() const { return place_; }

  template <class T>
  void operator()(std::uint32_t field, T& value) {
    const std::size_t before = enter((path_.empty() ? "" : ".") + std::to_string(field));
    look_at(value);
    path_.resize(before);
  }
  template <class T>
  void required(std::uint32_t field, T& value) {
    (*this)(field, value);
  }
  void name(std::uint32_t field, std::string& value) { (*this)(field, value); }
  void required_name(std::uint32_t field, std::string& value) { (*this)(field, value); }
  void unit(std::uint32_t field, std::string& value) { (*this)(field, value); }
  void excerpt(std::uint32_t field, std::string& value) { (*this)(field, value); }
  void excerpts(std::uint32_t field, std::map<std::string, std::string>& values) { (*this)(field, values); }
  void bytes(std::uint32_t field, std::string& value, std::size_t bytes_max) {
    const std::size_t before = enter((path_.empty() ? "" : ".") + std::to_string(field));
    take(value, bytes_max);
    path_.resize(before);
  }

 private:
  /// How long the path was before.
  std::size_t enter(const std::string& step) {
    path_ += step;
    return path_.size() - step.size();
  }
  void take(std::string& value, std::size_t bytes_max) {
    if (count_++ != wanted_) return;
    value = text_.substr(0, bytes_max);
    placed_ = value;
    place_ = path_;
  }
  void look_at(std::string& value) { take(value, std::string::npos); }
  template <class Tag>
  void look_at(Id<Tag>& id) {
    take(id.value, std::string::npos);
  }
  void look_at(std::map<std::string, std::string>& entries) {
    std::map<std::string, std::string> changed;
    for (auto& [key, value] : entries) {
      std::string new_key = key;
      const std::size_t before = enter("{" + key + "}");
      take(value, std::string::npos);
      enter("'s key");
      take(new_key, std::string::npos);
      path_.resize(before);
      changed.emplace(std::move(new_key), std::move(value));
    }
    entries = std::move(changed);
  }
  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void look_at(T&) {}
  template <class T>
  void look_at(std::optional<T>& value) {
    if (value) look_at(*value);
  }
  template <class T>
  void look_at(std::vector<T>& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t before = enter("[" + std::to_string(i) + "]");
      look_at(values[i]);
      path_.resize(before);
    }
  }
  template <class... Kinds>
  void look_at(std::variant<Kinds...>& value) {
    std::visit([this](auto& kind) { look_at(kind); }, value);
  }
  template <class T>
  requires std::is_class_v<T>
  void look_at(T& record) { fields(*this, record); }

  std::size_t wanted_;
  std::string text_;
  std::size_t count_ = 0;
  std::string placed_;
  std::string place_;
  std::string path_;
};

/// How many texts the message has.
inline std::size_t count_texts(protocol::Message message) {
  TextFields texts(TextFields::none, "");
  std::visit([&](auto& body) { fields(texts, body); }, message);
  return texts.count();
}

}  // namespace switchyard::attack
