#include "protocol/pack.hpp"

// The only file that includes msgpack.
#include <msgpack/pack.hpp>

#include "common/error.hpp"
#include "protocol/text.hpp"

namespace switchyard::protocol {
namespace {

struct Sink {
  std::string& out;
  void write(const char* bytes, std::size_t count) { out.append(bytes, count); }
};

std::uint32_t size_of(std::size_t count) {
  ENSURE(count <= std::numeric_limits<std::uint32_t>::max());
  return static_cast<std::uint32_t>(count);
}

template <class Write>
void write_to(std::string& out, Write write) {
  Sink sink{out};
  msgpack::packer<Sink> packer(sink);
  write(packer);
}

}  // namespace

// --- Packer
// --------------------------------------------------------------------------------------------------------------

void Packer::map(std::size_t entries) {
  write_to(out_, [&](auto& packer) { packer.pack_map(size_of(entries)); });
}
void Packer::array(std::size_t elements) {
  write_to(out_, [&](auto& packer) { packer.pack_array(size_of(elements)); });
}
void Packer::boolean(bool value) {
  write_to(out_, [&](auto& packer) { value ? packer.pack_true() : packer.pack_false(); });
}
void Packer::unsigned_number(std::uint64_t value) {
  write_to(out_, [&](auto& packer) { packer.pack_uint64(value); });
}
void Packer::signed_number(std::int64_t value) {
  write_to(out_, [&](auto& packer) { packer.pack_int64(value); });
}
void Packer::text(std::string_view value) {
  if (!is_text(value)) throw Error("a text to be sent is not UTF-8: " + clean_text(value, 80));
  write_to(out_, [&](auto& packer) {
    packer.pack_str(size_of(value.size()));
    packer.pack_str_body(value.data(), size_of(value.size()));
  });
}
void Packer::bytes(std::string_view value) {
  write_to(out_, [&](auto& packer) {
    packer.pack_bin(size_of(value.size()));
    packer.pack_bin_body(value.data(), size_of(value.size()));
  });
}

// --- Unpacker
// ------------------------------------------------------------------------------------------------------------

Unpacker::Unpacker(std::string_view bytes)
    : all_(bytes), budget_(limits::unpack_memory_factor * bytes.size() + limits::unpack_memory_bytes_min) {}

void Unpacker::fail(const std::string& what) const {
  std::string where = " at byte " + std::to_string(at_);
  if (depth_ > 0) where += ", field ";
  for (std::size_t i = 0; i < depth_; ++i) where += (i == 0 ? "" : ".") + std::to_string(path_[i]);
  throw DecodeError(what + where);
}

void Unpacker::charge(std::size_t count) {
  if (count > budget_) fail("the values take more memory than their bytes justify");
  budget_ -= count;
}

void Unpacker::enter(std::uint32_t field) {
  if (depth_ == limits::pack_depth_max) fail("nested too deeply");
  path_[depth_++] = field;
}

void Unpacker::leave() {
  ENSURE(depth_ > 0);
  --depth_;
}

std::uint8_t Unpacker::take_byte() { return static_cast<std::uint8_t>(take(1)[0]); }

std::string_view Unpacker::take(std::uint64_t count) {
  if (count > all_.size() - at_) fail("the bytes end too early");
  const std::string_view taken = all_.substr(at_, static_cast<std::size_t>(count));
  at_ += static_cast<std::size_t>(count);
  return taken;
}

std::uint64_t Unpacker::take_big_endian(unsigned width) {
  std::uint64_t value = 0;
  for (const char c : take(width)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

/// Every element takes a byte at least: a larger count is a lie.
std::uint32_t Unpacker::take_count(std::uint64_t count, std::size_t max) {
  if (count > max) fail("a list of " + std::to_string(count) + " elements is longer than " + std::to_string(max));
  if (count > all_.size() - at_) fail("the bytes end before the list that they announce");
  return static_cast<std::uint32_t>(count);
}

std::uint32_t Unpacker::map() {
  const std::uint8_t head = take_byte();
  std::uint64_t count = 0;
  if ((head & 0xF0) == 0x80) {
    count = head & 0x0F;
  } else if (head == 0xDE || head == 0xDF) {
    count = take_big_endian(head == 0xDE ? 2 : 4);
  } else {
    fail("a map was expected");
  }
  return take_count(count, limits::pack_container_max);
}

std::uint32_t Unpacker::array(std::size_t elements_max) {
  const std::uint8_t head = take_byte();
  std::uint64_t count = 0;
  if ((head & 0xF0) == 0x90) {
    count = head & 0x0F;
  } else if (head == 0xDC || head == 0xDD) {
    count = take_big_endian(head == 0xDC ? 2 : 4);
  } else {
    fail("an array was expected");
  }
  return take_count(count, elements_max);
}

bool Unpacker::boolean() {
  const std::uint8_t head = take_byte();
  if (head != 0xC2 && head != 0xC3) fail("true or false was expected");
  return head == 0xC3;
}

std::uint64_t Unpacker::unsigned_number(std::uint64_t max) {
  const std::uint8_t head = take_byte();
  std::uint64_t value = head;
  if (head >= 0xCC && head <= 0xCF) {
    value = take_big_endian(1u << (head - 0xCC));
  } else if (head >= 0x80) {
    fail("a number that is not negative was expected");
  }
  if (value > max) fail("the number " + std::to_string(value) + " is above " + std::to_string(max));
  return value;
}

std::int64_t Unpacker::signed_number(std::int64_t min, std::int64_t max) {
  const std::uint8_t head = static_cast<std::uint8_t>(at_ < all_.size() ? all_[at_] : 0);
  if (head < 0x80 || (head >= 0xCC && head <= 0xCF)) {
    return static_cast<std::int64_t>(unsigned_number(static_cast<std::uint64_t>(max)));
  }
  take_byte();
  std::int64_t value = 0;
  if (head >= 0xE0) {
    value = static_cast<std::int8_t>(head);
  } else if (head == 0xD0) {
    value = static_cast<std::int8_t>(take_big_endian(1));
  } else if (head == 0xD1) {
    value = static_cast<std::int16_t>(take_big_endian(2));
  } else if (head == 0xD2) {
    value = static_cast<std::int32_t>(take_big_endian(4));
  } else if (head == 0xD3) {
    value = static_cast<std::int64_t>(take_big_endian(8));
  } else {
    fail("a number was expected");
  }
  if (value < min || value > max) fail("the number " + std::to_string(value) + " is out of its range");
  return value;
}

std::string_view Unpacker::text(std::size_t bytes_max) {
  const std::uint8_t head = take_byte();
  std::uint64_t count = 0;
  if ((head & 0xE0) == 0xA0) {
    count = head & 0x1F;
  } else if (head >= 0xD9 && head <= 0xDB) {
    count = take_big_endian(1u << (head - 0xD9));
  } else {
    fail("a text was expected");
  }
  if (count > bytes_max)
    fail("a text of " + std::to_string(count) + " bytes is longer than " + std::to_string(bytes_max));
  const std::string_view value = take(count);
  if (!is_text(value)) fail("a text is not UTF-8");
  charge(value.size());
  return value;
}

std::string_view Unpacker::bytes(std::size_t bytes_max) {
  const std::uint8_t head = take_byte();
  if (head < 0xC4 || head > 0xC6) fail("bytes were expected");
  const std::uint64_t count = take_big_endian(1u << (head - 0xC4));
  if (count > bytes_max) fail(std::to_string(count) + " bytes are more than " + std::to_string(bytes_max));
  const std::string_view value = take(count);
  charge(value.size());
  return value;
}

void Unpacker::skip() { skip_at(depth_); }

void Unpacker::skip_at(std::size_t depth) {
  if (depth > limits::pack_depth_max) fail("nested too deeply");
  const std::uint8_t head = take_byte();
  std::uint64_t inner = 0;
  if (head < 0x80 || head >= 0xE0 || head == 0xC0 || head == 0xC2 || head == 0xC3) return;
  if (head <= 0x8F) {
    inner = 2u * (head & 0x0F);
  } else if (head <= 0x9F) {
    inner = head & 0x0F;
  } else if (head <= 0xBF) {
    take(head & 0x1F);
  } else if (head >= 0xC4 && head <= 0xC6) {
    take(take_big_endian(1u << (head - 0xC4)));
  } else if (head == 0xCA || head == 0xCB) {
    take(head == 0xCA ? 4 : 8);
  } else if (head >= 0xCC && head <= 0xD3) {
    take(1u << (head & 3));
  } else if (head >= 0xD9 && head <= 0xDB) {
    take(take_big_endian(1u << (head - 0xD9)));
  } else if (head == 0xDC || head == 0xDD) {
    inner = take_big_endian(head == 0xDC ? 2 : 4);
  } else if (head == 0xDE || head == 0xDF) {
    inner = 2 * take_big_endian(head == 0xDE ? 2 : 4);
  } else {
    fail("a value of an unknown type");
  }
  take_count(inner, 2 * limits::pack_container_max);
  for (; inner > 0; --inner) skip_at(depth + 1);
}

void Unpacker::finish() const {
  if (at_ != all_.size()) fail(std::to_string(all_.size() - at_) + " bytes follow the end");
}

// --- ids and values
// ------------------------------------------------------------------------------------------------------

bool is_well_formed(const HostId& id) { return is_name(id.value); }
bool is_well_formed(const DeploymentId& id) {
  const std::string_view text = id.value;
  return text.starts_with("d-") && is_hex(text.substr(2), 16);
}
bool is_well_formed(const StepId& id) { return is_hex(id.value, 32); }
bool is_well_formed(const ReleaseId& id) { return is_hex(id.value, 64); }

void read_value(Unpacker& in, std::map<std::string, std::string>& entries) {
  entries.clear();
  for (std::uint32_t left = in.map(); left > 0; --left) {
    in.charge(sizeof(std::string) * 2);
    std::string key(in.text());
    if (!entries.empty() && key <= entries.rbegin()->first) in.fail("keys are doubled or not in order");
    entries.emplace_hint(entries.end(), std::move(key), in.text());
  }
}

// --- archives
// ------------------------------------------------------------------------------------------------------------

void FieldWriter::key(std::uint32_t field) {
  ENSURE(field > last_);
  last_ = field;
  out_.unsigned_number(field);
}
void FieldWriter::bytes(std::uint32_t field, const std::string& value, std::size_t bytes_max) {
  if (value.size() > bytes_max) {
    throw Error(std::to_string(value.size()) + " bytes to be sent are more than " + std::to_string(bytes_max));
  }
  key(field);
  out_.bytes(value);
}
void FieldWriter::excerpt(std::uint32_t field, const std::string& value) {
  key(field);
  out_.text(clean_text(value, limits::excerpt_bytes_max));
}
void FieldWriter::excerpts(std::uint32_t field, const std::map<std::string, std::string>& values) {
  key(field);
  out_.map(values.size());
  for (const auto& [name, value] : values) {
    out_.text(clean_text(name, limits::excerpt_bytes_max));
    out_.text(clean_text(value, limits::excerpt_bytes_max));
  }
}

FieldReader::FieldReader(Unpacker& in) : in_(in), left_(in.map()) {
  in_.enter(0);
  next();
}

void FieldReader::next() {
  have_key_ = left_ > 0;
  if (!have_key_) return;
  --left_;
  const auto key = static_cast<std::uint32_t>(in_.unsigned_number(std::numeric_limits<std::uint16_t>::max()));
  if (key <= key_) in_.fail("field " + std::to_string(key) + " is doubled or not in order");
  key_ = key;
  in_.leave();
  in_.enter(key);
}

bool FieldReader::at(std::uint32_t field) {
  ENSURE(field > described_);
  described_ = field;
  while (have_key_ && key_ < field) pass_over();
  return have_key_ && key_ == field;
}

void FieldReader::pass_over() {
  if (key_ >= critical_field_min) in_.fail("the field is critical and this version does not know it");
  in_.skip();
  next();
}

void FieldReader::missing(std::uint32_t field) { in_.fail("field " + std::to_string(field) + " is missing or empty"); }

void FieldReader::name(std::uint32_t field, std::string& value) {
  if (!at(field)) return;
  value = in_.text(64);
  if (!value.empty() && !is_name(value)) in_.fail("not a name");
  next();
}
void FieldReader::required_name(std::uint32_t field, std::string& value) {
  name(field, value);
  if (value.empty()) missing(field);
}
void FieldReader::unit(std::uint32_t field, std::string& value) {
  if (!at(field)) return;
  value = in_.text(255);
  if (!value.empty() && !is_unit_name(value)) in_.fail("not a unit name");
  next();
}
void FieldReader::bytes(std::uint32_t field, std::string& value, std::size_t bytes_max) {
  if (!at(field)) return;
  value = in_.bytes(bytes_max);
  next();
}
void FieldReader::excerpt(std::uint32_t field, std::string& value) {
  if (!at(field)) return;
  value = in_.text(limits::excerpt_bytes_max);
  next();
}

void FieldReader::finish() {
  while (have_key_) pass_over();
  in_.leave();
}

}  // namespace switchyard::protocol
