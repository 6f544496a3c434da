#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "common/ensure.hpp"
#include "common/ids.hpp"
#include "common/limits.hpp"

/// MessagePack, written and read from one description per struct:
///
///   template <class Archive> void fields(Archive& archive, Like<Held> auto& value) { archive.required(1,
///   value.deployment); }
///
/// A struct is a map from field numbers to values. Numbers are for ever and stand in ascending order, in the
/// description and on the wire; so one pass reads them, equal values have equal bytes, and a doubled field is refused.
/// A field that is not there keeps its default. An unknown number below 1000 is skipped; from 1000 on it is critical
/// and refuses the whole. `fields` is found by its argument's namespace, so every module can describe its own structs.
namespace switchyard::protocol {

inline constexpr std::uint32_t critical_field_min = 1000;

template <class T, class U>
concept Like = std::same_as<std::remove_const_t<T>, U>;

/// Appends MessagePack to a text of its own. Any thread, one at a time.
class Packer {
 public:
  void map(std::size_t entries);
  void array(std::size_t elements);
  void boolean(bool value);
  void unsigned_number(std::uint64_t value);
  void signed_number(std::int64_t value);
  /// Throws Error unless is_text(): a peer would refuse the whole.
  void text(std::string_view value);
  void bytes(std::string_view value);

  std::size_t size() const { return out_.size(); }
  std::string take() { return std::exchange(out_, {}); }

 private:
  std::string out_;
};

/// Reads MessagePack that nobody vouches for, by asking for what is expected next. Every call throws DecodeError, which
/// names the byte and the path of field numbers, when something else is there or a bound of common/limits.hpp is
/// passed. Lengths that the bytes declare are never believed: nothing is reserved, and what the values take in memory
/// is charged against a budget in proportion to the input.
class Unpacker {
 public:
  /// The bytes must outlive the object.
  explicit Unpacker(std::string_view bytes);

  std::uint32_t map();
  std::uint32_t array(std::size_t elements_max = limits::pack_container_max);
  bool boolean();
  std::uint64_t unsigned_number(std::uint64_t max);
  std::int64_t signed_number(std::int64_t min, std::int64_t max);
  std::string_view text(std::size_t bytes_max = limits::pack_text_bytes_max);
  std::string_view bytes(std::size_t bytes_max);
  /// Passes over one value of any kind but extensions.
  void skip();
  /// Refuses bytes after the last value.
  void finish() const;

  /// Takes `count` from the memory budget.
  void charge(std::size_t count);
  void enter(std::uint32_t field);
  void leave();
  [[noreturn]] void fail(const std::string& what) const;

 private:
  std::uint8_t take_byte();
  std::uint64_t take_big_endian(unsigned width);
  std::string_view take(std::uint64_t count);
  std::uint32_t take_count(std::uint64_t count, std::size_t max);
  void skip_at(std::size_t depth);

  std::string_view all_;
  std::size_t at_ = 0;
  std::size_t budget_;
  std::uint32_t path_[limits::pack_depth_max] = {};
  std::size_t depth_ = 0;
};

// --- what a well-formed id looks like; the empty one says "none" and is allowed where a field is not required --------
bool is_well_formed(const HostId& id);
bool is_well_formed(const DeploymentId& id);
bool is_well_formed(const StepId& id);
bool is_well_formed(const ReleaseId& id);

template <class T>
void pack_record(Packer& out, const T& value);
template <class T>
void unpack_record(Unpacker& in, T& value);

// --- values
// ------------------------------------------------------------------------------------------------------------

inline void write_value(Packer& out, bool value) { out.boolean(value); }
inline void write_value(Packer& out, const std::string& value) { out.text(value); }
template <std::unsigned_integral T>
void write_value(Packer& out, T value) {
  out.unsigned_number(value);
}
template <std::signed_integral T>
void write_value(Packer& out, T value) {
  out.signed_number(value);
}
template <class T>
requires std::is_enum_v<T>
void write_value(Packer& out, T value) { out.unsigned_number(static_cast<std::uint64_t>(value)); }
template <class Tag>
void write_value(Packer& out, const Id<Tag>& id) {
  out.text(id.value);
}
template <class T>
requires std::is_class_v<T>
void write_value(Packer& out, const T& record) { pack_record(out, record); }
template <class T>
void write_value(Packer& out, const std::vector<T>& list) {
  out.array(list.size());
  for (const T& element : list) write_value(out, element);
}
inline void write_value(Packer& out, const std::map<std::string, std::string>& entries) {
  out.map(entries.size());
  for (const auto& [key, value] : entries) {
    out.text(key);
    out.text(value);
  }
}
/// [number of the kind, its fields]: the order of a variant's alternatives is for ever.
template <class... Kinds>
void write_value(Packer& out, const std::variant<Kinds...>& value) {
  out.array(2);
  out.unsigned_number(value.index());
  std::visit([&](const auto& kind) { pack_record(out, kind); }, value);
}

inline void read_value(Unpacker& in, bool& value) { value = in.boolean(); }
inline void read_value(Unpacker& in, std::string& value) { value = in.text(); }
template <std::unsigned_integral T>
void read_value(Unpacker& in, T& value) {
  value = static_cast<T>(in.unsigned_number(std::numeric_limits<T>::max()));
}
template <std::signed_integral T>
void read_value(Unpacker& in, T& value) {
  value = static_cast<T>(in.signed_number(std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
}
/// Every enum on the wire has a `constexpr bool is_known(E)` beside its fields.
template <class T>
requires std::is_enum_v<T>
void read_value(Unpacker& in, T& value) {
  const auto number = in.unsigned_number(std::numeric_limits<std::underlying_type_t<T>>::max());
  const T candidate = static_cast<T>(number);
  if (!is_known(candidate)) in.fail("unknown kind " + std::to_string(number));
  value = candidate;
}
template <class Tag>
void read_value(Unpacker& in, Id<Tag>& id) {
  const std::string_view text = in.text(64);
  id.value = text;
  if (!text.empty() && !is_well_formed(id)) in.fail("not a well-formed id");
}
template <class T>
requires std::is_class_v<T>
void read_value(Unpacker& in, T& record) { unpack_record(in, record); }
template <class T>
void read_value(Unpacker& in, std::vector<T>& list) {
  list.clear();
  for (std::uint32_t left = in.array(); left > 0; --left) {
    in.charge(sizeof(T));
    read_value(in, list.emplace_back());
  }
}
/// Keys ascend strictly, which also refuses doubled ones.
void read_value(Unpacker& in, std::map<std::string, std::string>& entries);
template <class... Kinds>
void read_value(Unpacker& in, std::variant<Kinds...>& value) {
  if (in.array() != 2) in.fail("a choice is a pair");
  const auto index = static_cast<std::size_t>(in.unsigned_number(sizeof...(Kinds) - 1));
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    ((index == I ? read_value(in, value.template emplace<I>()) : void()), ...);
  }
  (std::index_sequence_for<Kinds...>{});
}

// --- archives
// ------------------------------------------------------------------------------------------------------------ All
// three offer the same calls. `required`: there and not empty. `name`: is_name() or empty. `unit`: a unit name or
// empty. `bytes`: any bytes. `excerpt`: what a process printed, cleaned and cut when written.

/// Counts the fields that will be written, since a map's head comes first.
class FieldCounter {
 public:
  template <class T>
  void operator()(std::uint32_t, const T&) {
    ++count_;
  }
  template <class T>
  void operator()(std::uint32_t, const std::optional<T>& value) {
    count_ += value ? 1 : 0;
  }
  template <class T>
  void required(std::uint32_t, const T&) {
    ++count_;
  }
  void name(std::uint32_t, const std::string&) { ++count_; }
  void required_name(std::uint32_t, const std::string&) { ++count_; }
  void unit(std::uint32_t, const std::string&) { ++count_; }
  void bytes(std::uint32_t, const std::string&, std::size_t) { ++count_; }
  void excerpt(std::uint32_t, const std::string&) { ++count_; }
  void excerpts(std::uint32_t, const std::map<std::string, std::string>&) { ++count_; }
  std::size_t count() const { return count_; }

 private:
  std::size_t count_ = 0;
};

class FieldWriter {
 public:
  explicit FieldWriter(Packer& out) : out_(out) {}
  template <class T>
  void operator()(std::uint32_t field, const T& value) {
    key(field);
    write_value(out_, value);
  }
  template <class T>
  void operator()(std::uint32_t field, const std::optional<T>& value) {
    if (value) (*this)(field, *value);
  }
  template <class T>
  void required(std::uint32_t field, const T& value) {
    (*this)(field, value);
  }
  void name(std::uint32_t field, const std::string& value) { (*this)(field, value); }
  void required_name(std::uint32_t field, const std::string& value) { (*this)(field, value); }
  void unit(std::uint32_t field, const std::string& value) { (*this)(field, value); }
  void bytes(std::uint32_t field, const std::string& value, std::size_t bytes_max);
  void excerpt(std::uint32_t field, const std::string& value);
  void excerpts(std::uint32_t field, const std::map<std::string, std::string>& values);

 private:
  void key(std::uint32_t field);

  Packer& out_;
  std::uint32_t last_ = 0;
};

class FieldReader {
 public:
  explicit FieldReader(Unpacker& in);
  FieldReader(const FieldReader&) = delete;
  FieldReader& operator=(const FieldReader&) = delete;

  template <class T>
  void operator()(std::uint32_t field, T& value) {
    if (!at(field)) return;
    read_value(in_, value);
    next();
  }
  template <class T>
  void operator()(std::uint32_t field, std::optional<T>& value) {
    if (!at(field)) return;
    read_value(in_, value.emplace());
    next();
  }
  template <class Tag>
  void required(std::uint32_t field, Id<Tag>& id) {
    if (at(field)) read_value(in_, id);
    if (id.empty()) missing(field);
    next();
  }
  /// A choice that must be made: the description's default is not one.
  template <class... Kinds>
  void required(std::uint32_t field, std::variant<Kinds...>& value) {
    if (!at(field)) missing(field);
    read_value(in_, value);
    next();
  }
  void name(std::uint32_t field, std::string& value);
  void required_name(std::uint32_t field, std::string& value);
  void unit(std::uint32_t field, std::string& value);
  void bytes(std::uint32_t field, std::string& value, std::size_t bytes_max);
  void excerpt(std::uint32_t field, std::string& value);
  void excerpts(std::uint32_t field, std::map<std::string, std::string>& values) { (*this)(field, values); }
  /// Passes over what is left.
  void finish();

 private:
  /// Passes over unknown fields before `field`; true if it is there.
  bool at(std::uint32_t field);
  void next();
  void pass_over();
  [[noreturn]] void missing(std::uint32_t field);

  Unpacker& in_;
  std::uint32_t left_;
  std::uint32_t described_ = 0;
  std::uint32_t key_ = 0;
  bool have_key_ = false;
};

template <class T>
void pack_record(Packer& out, const T& value) {
  FieldCounter counter;
  fields(counter, value);
  out.map(counter.count());
  FieldWriter writer(out);
  fields(writer, value);
}

template <class T>
void unpack_record(Unpacker& in, T& value) {
  FieldReader reader(in);
  fields(reader, value);
  reader.finish();
}

/// A whole text of bytes that holds one struct and nothing else.
template <class T>
std::string pack(const T& value) {
  Packer out;
  pack_record(out, value);
  return out.take();
}
template <class T>
T unpack(std::string_view bytes) {
  Unpacker in(bytes);
  T value;
  unpack_record(in, value);
  in.finish();
  return value;
}

}  // namespace switchyard::protocol
