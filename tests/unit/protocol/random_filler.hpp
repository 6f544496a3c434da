#pragma once

#include <rapidcheck.h>

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/message_fields.hpp"

/// An archive that draws a well-formed value for every field from RapidCheck. It follows the description of the fields,
/// so a new field or kind is tested without a line here. Only inside a property.
///
/// The draws are few and plain on purpose: generators composed per struct took a minute to compile.
namespace switchyard::protocol::testing {

class RandomFiller {
 public:
  template <class T>
  void operator()(std::uint32_t, T& value) {
    fill(value);
  }
  template <class T>
  void required(std::uint32_t, T& value) {
    fill(value);
  }
  void name(std::uint32_t, std::string& value) { value = below(4) == 0 ? std::string() : any_name(); }
  void required_name(std::uint32_t, std::string& value) { value = any_name(); }
  void unit(std::uint32_t, std::string& value) {
    value = one_of({"", "api@blue.service", "My-App.service", "a\\x2db.socket"});
  }
  /// Keys and signatures have their length; the rest is as long as it likes.
  void bytes(std::uint32_t, std::string& value, std::size_t bytes_max) {
    const bool has_a_length = bytes_max == 32 || bytes_max == 64;
    value.assign(has_a_length ? bytes_max : below(40), '\0');
    for (char& byte : value) byte = static_cast<char>(number());
  }
  void excerpt(std::uint32_t, std::string& value) { fill(value); }
  void excerpts(std::uint32_t, std::map<std::string, std::string>& values) { fill(values); }

 private:
  static std::uint64_t number() { return *rc::gen::arbitrary<std::uint64_t>(); }
  static std::size_t below(std::size_t end) { return *rc::gen::inRange<std::size_t>(0, end); }
  static std::string one_of(const std::vector<std::string>& choices) { return choices[below(choices.size())]; }
  static std::string drawn(const std::vector<std::string>& alphabet, std::size_t count) {
    std::string whole;
    for (; count > 0; --count) whole += one_of(alphabet);
    return whole;
  }
  static std::string any_name() { return "n" + drawn({"a", "b", "z", "0", "1", "9", "-", "_"}, below(64)); }
  static std::string digits(std::size_t count) { return drawn({"0", "1", "5", "9", "a", "c", "f"}, count); }

  static void fill(bool& value) { value = below(2) == 1; }
  static void fill(std::string& value) { value = drawn({"a", "Z", " ", "\n", "\"", "/", "é", "€", "𝄞"}, below(20)); }
  static void fill(HostId& id) { id.value = any_name(); }
  static void fill(DeploymentId& id) { id.value = "d-" + digits(16); }
  static void fill(StepId& id) { id.value = digits(32); }
  static void fill(ReleaseId& id) { id.value = digits(64); }
  static void fill(std::map<std::string, std::string>& values) {
    values.clear();
    for (std::size_t left = below(4); left > 0; --left) {
      std::string key;
      fill(key);
      fill(values[key]);
    }
  }
  template <class T>
  requires std::is_enum_v<T>
  static void fill(T& value) {
    std::size_t kinds = 0;
    while (is_known(static_cast<T>(kinds))) ++kinds;
    value = static_cast<T>(below(kinds));
  }
  template <std::integral T>
  static void fill(T& value) {
    value = static_cast<T>(number());
  }
  template <class T>
  void fill(std::optional<T>& value) {
    value.reset();
    if (below(3) > 0) fill(value.emplace());
  }
  template <class T>
  void fill(std::vector<T>& values) {
    values.resize(below(4));
    for (T& value : values) fill(value);
  }
  template <class... Kinds>
  void fill(std::variant<Kinds...>& value) {
    const std::size_t kind = below(sizeof...(Kinds));
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((I == kind ? fill(value.template emplace<I>()) : void()), ...);
    }
    (std::index_sequence_for<Kinds...>{});
  }
  template <class T>
  requires std::is_class_v<T>
  void fill(T& record) { fields(*this, record); }

  friend Envelope any_envelope();
};

inline Envelope any_envelope() {
  RandomFiller filler;
  Envelope envelope;
  envelope.protocol = static_cast<std::uint8_t>(RandomFiller::number());
  envelope.epoch = RandomFiller::number();
  filler.bytes(0, envelope.session, 32);
  envelope.session.resize(16);
  envelope.seq = RandomFiller::number();
  envelope.re = RandomFiller::number();
  filler.fill(envelope.message);
  return envelope;
}

}  // namespace switchyard::protocol::testing
