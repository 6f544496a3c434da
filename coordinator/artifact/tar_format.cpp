#include "coordinator/artifact/tar_format.hpp"

#include <algorithm>
#include <string_view>

#include "common/ensure.hpp"

namespace switchyard::artifact {

namespace {

constexpr std::size_t block_bytes = 512;
constexpr std::size_t name_bytes = 100;
constexpr std::size_t prefix_bytes = 155;
/// 11 octal digits.
constexpr std::uint64_t ustar_size_max = (1ull << 33) - 1;

struct Field {
  std::size_t offset;
  std::size_t length;
};
constexpr Field name_field{0, name_bytes};
constexpr Field mode_field{100, 8};
constexpr Field owner_field{108, 8};
constexpr Field group_field{116, 8};
constexpr Field size_field{124, 12};
constexpr Field time_field{136, 12};
constexpr Field checksum_field{148, 8};
constexpr Field type_field{156, 1};
constexpr Field link_field{157, name_bytes};
constexpr Field magic_field{257, 8};
constexpr Field prefix_field{345, prefix_bytes};

void put(std::string& block, Field field, std::string_view text) {
  ENSURE(text.size() <= field.length);
  block.replace(field.offset, text.size(), text);
}

/// Octal digits with leading zeros, and a NUL at the end.
void put_number(std::string& block, Field field, std::uint64_t value) {
  std::string digits(field.length - 1, '0');
  for (std::size_t i = digits.size(); i-- > 0; value /= 8) digits[i] = static_cast<char>('0' + value % 8);
  ENSURE(value == 0);
  put(block, field, digits);
}

void put_checksum(std::string& block) {
  put(block, checksum_field, "        ");
  std::uint64_t sum = 0;
  for (char c : block) sum += static_cast<unsigned char>(c);
  std::string digits(6, '0');
  for (std::size_t i = digits.size(); i-- > 0; sum /= 8) digits[i] = static_cast<char>('0' + sum % 8);
  put(block, checksum_field, digits + std::string(1, '\0') + " ");
}

struct SplitPath {
  bool fits = false;
  std::string_view prefix, name;
};

/// ustar keeps a long path in two fields, cut at a slash.
SplitPath split(std::string_view path) {
  if (path.size() <= name_bytes) return {true, {}, path};
  const std::size_t slash = path.find('/', path.size() - name_bytes - 1);
  if (slash > prefix_bytes || slash == 0 || slash + 1 == path.size()) return {};
  return {true, path.substr(0, slash), path.substr(slash + 1)};
}

std::string block_of(const SplitPath& path, char type, std::uint32_t mode, std::uint64_t size,
                     std::string_view target) {
  std::string block(block_bytes, '\0');
  put(block, name_field, path.name);
  put(block, prefix_field, path.prefix);
  put_number(block, mode_field, mode);
  put_number(block, owner_field, 0);
  put_number(block, group_field, 0);
  put_number(block, size_field, size);
  put_number(block, time_field, 0);
  put(block, type_field, std::string_view(&type, 1));
  put(block, link_field, target);
  put(block, magic_field, std::string_view("ustar\00000", 8));
  put_checksum(block);
  return block;
}

/// "<length> <key>=<value>\n", where the length counts itself.
std::string pax_record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + std::to_string(rest).size();
  if (rest + std::to_string(length).size() != length) length = rest + std::to_string(length).size();
  return std::to_string(length) + " " + std::string(key) + "=" + std::string(value) + "\n";
}

}  // namespace

std::string tar_padding(std::uint64_t bytes) {
  return std::string(static_cast<std::size_t>((block_bytes - bytes % block_bytes) % block_bytes), '\0');
}

std::string tar_end() { return std::string(2 * block_bytes, '\0'); }

std::string tar_header(const PackEntry& entry) {
  char type = '0';
  std::uint32_t mode = entry.executable ? 0755 : 0644;
  if (entry.kind == EntryKind::directory) {
    type = '5';
    mode = 0755;
  } else if (entry.kind == EntryKind::link) {
    type = '2';
    mode = 0777;
  }
  std::string records;
  SplitPath path = split(entry.path);
  if (!path.fits) {
    records += pax_record("path", entry.path);
    path = {true, {}, std::string_view(entry.path).substr(0, name_bytes)};
  }
  std::string_view target = entry.target;
  if (target.size() > name_bytes) {
    records += pax_record("linkpath", target);
    target = target.substr(0, name_bytes);
  }
  std::uint64_t size = entry.kind == EntryKind::file ? entry.bytes : 0;
  if (size > ustar_size_max) {
    records += pax_record("size", std::to_string(size));
    size = 0;
  }
  std::string header = block_of(path, type, mode, size, target);
  if (records.empty()) return header;
  return block_of({true, {}, "pax"}, 'x', 0644, records.size(), {}) + records + tar_padding(records.size()) + header;
}

}  // namespace switchyard::artifact
