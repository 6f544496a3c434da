#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/hex.hpp"
#include "protocol/pack.hpp"

/// An archive that gives every field a value of its own: 1, 2, 3 ... in the order of the description, and in a choice
/// the kind that is asked for. So a sample of every message exists without being written by hand, and a new field or
/// kind shows up in the golden files by itself.
namespace switchyard::protocol::golden {

class SampleFiller {
 public:
  /// Choices take the kind `kind` (modulo their number).
  explicit SampleFiller(std::size_t kind = 0) : kind_(kind) {}

  template <class T>
  void operator()(std::uint32_t, T& value) {
    fill(value);
  }
  template <class T>
  void required(std::uint32_t, T& value) {
    fill(value);
  }
  void name(std::uint32_t, std::string& value) { value = "name-" + next(); }
  void required_name(std::uint32_t, std::string& value) { value = "name-" + next(); }
  void unit(std::uint32_t, std::string& value) { value = "unit-" + next() + "@blue.service"; }
  void bytes(std::uint32_t, std::string& value, std::size_t bytes_max) {
    value = bytes_max == 32 || bytes_max == 64 ? std::string(bytes_max, static_cast<char>(++count_))
                                               : std::string("\xff\0bytes-", 8) + next();
  }
  void excerpt(std::uint32_t, std::string& value) { value = "excerpt-" + next(); }
  void excerpts(std::uint32_t, std::map<std::string, std::string>& values) { values = {{"key", "excerpt-" + next()}}; }

 private:
  std::string next() { return std::to_string(++count_); }
  /// As many digits as an id has, of the present count.
  std::string digits(std::size_t digits) { return to_hex(std::string(digits / 2, static_cast<char>(++count_))); }

  void fill(bool& value) { value = !value; }
  void fill(std::string& value) { value = "text-" + next(); }
  void fill(HostId& id) { id.value = "host-" + next(); }
  void fill(DeploymentId& id) { id.value = "d-" + digits(16); }
  void fill(StepId& id) { id.value = digits(32); }
  void fill(ReleaseId& id) { id.value = digits(64); }
  void fill(std::map<std::string, std::string>& values) { values = {{"a", "text-" + next()}, {"b", "text-" + next()}}; }
  template <class T>
  requires std::is_enum_v<T>
  void fill(T& value) { value = static_cast<T>(1); }
  template <std::integral T>
  void fill(T& value) {
    value = static_cast<T>(++count_);
  }
  template <class T>
  void fill(std::optional<T>& value) {
    fill(value.emplace());
  }
  /// A list of things that choose holds one of each kind, another list holds two.
  template <class T>
  void fill(std::vector<T>& values) {
    const std::size_t before = kind_;
    values.resize(kinds_of(static_cast<T*>(nullptr)));
    for (std::size_t i = 0; i < values.size(); ++i) {
      kind_ = i;
      fill(values[i]);
    }
    kind_ = before;
  }
  template <class... Kinds>
  void fill(std::variant<Kinds...>& value) {
    const std::size_t wanted = kind_ % sizeof...(Kinds);
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((I == wanted ? fill(value.template emplace<I>()) : void()), ...);
    }
    (std::index_sequence_for<Kinds...>{});
  }
  template <class T>
  requires std::is_class_v<T>
  void fill(T& record) { fields(*this, record); }
  static std::size_t kinds_of(const Step*) { return std::variant_size_v<Action>; }
  static std::size_t kinds_of(const ProbeSpec*) { return std::variant_size_v<decltype(ProbeSpec::kind)>; }
  static std::size_t kinds_of(const void*) { return 2; }

  std::size_t kind_;
  std::uint8_t count_ = 0;
};

template <class T>
T sample(std::size_t kind = 0) {
  T value;
  SampleFiller filler(kind);
  fields(filler, value);
  return value;
}

}  // namespace switchyard::protocol::golden
