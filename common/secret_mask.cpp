#include "common/secret_mask.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/base64.hpp"
#include "common/hex.hpp"
#include "common/json_escape.hpp"

namespace switchyard {
namespace {

constexpr std::size_t piece_bytes = 4;
static_assert(SecretPatterns::bytes_min == piece_bytes);
/// More places that are passed over are more pieces in the set, and it says yes in vain more often.
constexpr std::size_t step_max = 8;
/// A line of a value says nothing when it is as short as `}`.
constexpr std::size_t line_bytes_min = 8;
/// Of a set of pieces: no more bits than the processor's second cache holds with all else.
constexpr unsigned set_bits_log2_min = 10, set_bits_log2_max = 20;
constexpr std::size_t set_bits_per_piece = 32;

std::uint32_t piece_at(const char* text) {
  std::uint32_t piece = 0;
  std::memcpy(&piece, text, piece_bytes);
  return piece;
}

/// What is the same of the value's base64 wherever it stands in what is encoded: `before` bytes after the beginning of
/// a group of three. The first and the last digit may hold bits of their neighbours.
std::string base64_core(const std::string& value, std::size_t before) {
  const std::string encoded = base64(std::string(before, '\0') + value);
  const std::size_t first = before == 0 ? 0 : before + 1;
  const std::size_t last = (before + value.size()) * 8 / 6;
  return last > first ? encoded.substr(first, last - first) : std::string();
}

std::string for_urls(std::string text) {
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

std::string url_escaped(const std::string& value, std::string_view digits, std::string_view kept, bool plus) {
  std::string text;
  for (const char c : value) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       kept.find(c) != std::string_view::npos;
    const auto byte = static_cast<unsigned char>(c);
    if (plain) {
      text += c;
    } else if (plus && c == ' ') {
      text += '+';
    } else {
      text += {'%', digits[byte >> 4U], digits[byte & 15U]};
    }
  }
  return text;
}

/// `guarded`: characters that some writers escape and others do not.
std::string json_escaped(const std::string& value, std::string_view guarded) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_guarded = guarded.find(c) != std::string_view::npos;
    if (c == '"' || c == '\\' || (is_guarded && c == '/')) {
      text += {'\\', c};
    } else if (c == '\n') {
      text += "\\n";
    } else if (c == '\r') {
      text += "\\r";
    } else if (c == '\t') {
      text += "\\t";
    } else if (byte < 0x20 || is_guarded) {
      text += "\\u00";
      text += {digits[byte >> 4U], digits[byte & 15U]};
    } else {
      text += c;
    }
  }
  return text;
}

void add_shapes(const std::string& value, std::set<std::string>& shapes) {
  shapes.insert(value);
  shapes.insert(to_hex(value));
  shapes.insert(upper(to_hex(value)));
  for (std::size_t before = 0; before < 3; ++before) {
    const std::string core = base64_core(value, before);
    shapes.insert(core);
    shapes.insert(for_urls(core));
  }
  for (const std::string_view digits : {"0123456789ABCDEF", "0123456789abcdef"}) {
    for (const bool plus : {false, true}) {
      // RFC 3986; Python's quote(); forms as browsers and Java send them; JavaScript's encodeURIComponent()
      for (const std::string_view kept : {"-_.~", "-_.~/", "-_.*", "-_.~!*'()"}) {
        shapes.insert(url_escaped(value, digits, kept, plus));
      }
    }
  }
  // plainly; PHP; Go, whose texts may stand in HTML
  for (const std::string_view guarded : {"", "/", "<>&"}) shapes.insert(json_escaped(value, guarded));
  shapes.insert(json_escape(value));  // a service that prints the file that it was given
}

/// The newline at the end is a file's, and no part of what is printed.
std::string without_last_newline(std::string value) {
  while (!value.empty() && (value.back() == '\n' || value.back() == '\r')) value.pop_back();
  return value;
}

std::set<std::string> shapes_of(const std::set<std::string>& values) {
  std::set<std::string> shapes;
  for (const std::string& given : values) {
    const std::string value = without_last_newline(given);
    if (value.size() < SecretPatterns::bytes_min) continue;
    add_shapes(value, shapes);
    if (value.find('\n') == std::string::npos) continue;
    for (std::size_t begin = 0; begin < value.size();) {
      const std::size_t end = std::min(value.find('\n', begin), value.size());
      const std::string line = without_last_newline(value.substr(begin, end - begin));
      if (line.size() >= line_bytes_min) add_shapes(line, shapes);
      begin = end + 1;
    }
  }
  std::erase_if(shapes, [](const std::string& shape) { return shape.size() < SecretPatterns::bytes_min; });
  return shapes;
}

}  // namespace

SecretPatterns::PieceSet::PieceSet(std::size_t count) {
  unsigned log2 = set_bits_log2_min;
  while (log2 < set_bits_log2_max && (std::size_t{1} << log2) < count * set_bits_per_piece) ++log2;
  shift_ = 32 - log2;
  bits_.resize((std::size_t{1} << log2) / 64);
}

void SecretPatterns::PieceSet::add(std::uint32_t piece) {
  const std::uint32_t hash = (piece * 2'654'435'761U) >> shift_;
  bits_[hash / 64] |= std::uint64_t{1} << (hash % 64);
}

SecretPatterns::SecretPatterns(const std::set<std::string>& values) {
  const std::set<std::string> shapes = shapes_of(values);
  if (shapes.empty()) return;
  std::size_t shortest = step_max + piece_bytes - 1;
  for (const std::string& shape : shapes) {
    shortest = std::min(shortest, shape.size());
    bytes_max_ = std::max(bytes_max_, shape.size());
  }
  step_ = shortest - piece_bytes + 1;
  pieces_ = PieceSet(shapes.size() * step_);
  heads_ = PieceSet(shapes.size());
  for (const std::string& shape : shapes) {
    for (std::size_t at = 0; at < step_; ++at) pieces_.add(piece_at(shape.data() + at));
    const std::uint32_t head = piece_at(shape.data());
    heads_.add(head);
    by_head_[head].push_back(shape);
  }
  for (auto& [head, patterns] : by_head_) {
    std::sort(patterns.begin(), patterns.end(),
              [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  }
}

/// The first of `at`, `at` + step ... where a piece of a pattern may stand; npos when the text is over before.
std::size_t SecretPatterns::next_place(std::string_view text, std::size_t at) const {
  const char* const data = text.data();
  const auto may_be = [&](std::size_t place) { return pieces_.may_have(piece_at(data + place)); };
  // Four at once, with one branch: the processor looks them up beside each other.
  const std::size_t ahead = 3 * step_ + piece_bytes;
  while (at + ahead <= text.size()) {
    const unsigned found = static_cast<unsigned>(may_be(at)) | static_cast<unsigned>(may_be(at + step_)) |
                           static_cast<unsigned>(may_be(at + 2 * step_)) |
                           static_cast<unsigned>(may_be(at + 3 * step_));
    if (found != 0) break;
    at += 4 * step_;
  }
  for (; at + piece_bytes <= text.size(); at += step_) {
    if (may_be(at)) return at;
  }
  return std::string_view::npos;
}

/// The first pattern, and of those that begin there the longest, one of whose first pieces stands at `at`.
SecretPatterns::Match SecretPatterns::match_around(std::string_view text, std::size_t at, std::size_t end) const {
  for (std::size_t begin = at + 1 - step_; begin <= at && begin < end; ++begin) {
    const std::uint32_t head = piece_at(text.data() + begin);
    if (!heads_.may_have(head)) continue;
    const auto found = by_head_.find(head);
    if (found == by_head_.end()) continue;
    for (const std::string& pattern : found->second) {
      if (text.compare(begin, pattern.size(), pattern) == 0) return {begin, pattern.size()};
    }
  }
  return {};
}

std::string SecretPatterns::masked(std::string_view text, bool whole, std::size_t& consumed) const {
  // A pattern that begins at or behind this place may go on in the next piece.
  const std::size_t held = whole || bytes_max_ == 0 ? 0 : bytes_max_ - 1;
  const std::size_t end = text.size() > held ? text.size() - held : 0;
  std::string result;
  result.reserve(end);
  std::size_t from = 0;  // what is before it is in the result
  // Each place stands for the `step_` beginnings up to itself: every beginning has its turn, the first one first.
  std::size_t at = step_ - 1;
  while (bytes_max_ > 0) {
    at = next_place(text, at);
    if (at == std::string_view::npos || at + 1 - step_ >= end) break;
    const Match match = match_around(text, at, end);
    if (match.bytes == 0) {
      at += step_;
      continue;
    }
    result.append(text, from, match.begin - from);
    result += mask;
    from = match.begin + match.bytes;
    at = from + step_ - 1;
  }
  consumed = std::max(from, end);
  result.append(text, from, consumed - from);
  return result;
}

void SecretMask::add(const std::vector<std::string>& values) {
  const std::lock_guard lock(mutex_);
  const std::size_t before = values_.size();
  for (const std::string& value : values) {
    if (value.size() >= SecretPatterns::bytes_min) values_.insert(value);
  }
  if (values_.size() != before) patterns_ = std::make_shared<const SecretPatterns>(values_);
}

void SecretMask::know(const std::set<std::string>& values) {
  std::set<std::string> long_enough;
  for (const std::string& value : values) {
    if (value.size() >= SecretPatterns::bytes_min) long_enough.insert(value);
  }
  const std::lock_guard lock(mutex_);
  if (long_enough == values_) return;
  values_ = std::move(long_enough);
  patterns_ = values_.empty() ? nullptr : std::make_shared<const SecretPatterns>(values_);
}

std::shared_ptr<const SecretPatterns> SecretMask::patterns() const {
  const std::lock_guard lock(mutex_);
  return patterns_;
}

std::string SecretMask::masked(std::string_view text) const {
  const auto known = patterns();
  if (!known) return std::string(text);
  std::size_t consumed = 0;
  return known->masked(text, true, consumed);
}

void SecretMask::apply(std::string& text) const {
  const auto known = patterns();
  if (!known || text.size() < SecretPatterns::bytes_min) return;
  std::size_t consumed = 0;
  text = known->masked(text, true, consumed);
}

void SecretMask::apply(std::map<std::string, std::string>& told) const {
  std::map<std::string, std::string> masked_words;
  for (const auto& [name, value] : told) masked_words[masked(name)] = masked(value);
  told = std::move(masked_words);
}

std::string MaskedStream::feed(std::string_view piece) {
  if (!patterns_) return std::string(piece);
  kept_ += piece;
  std::size_t consumed = 0;
  std::string result = patterns_->masked(kept_, false, consumed);
  kept_.erase(0, consumed);
  return result;
}

std::string MaskedStream::finish() {
  if (!patterns_) return {};
  std::size_t consumed = 0;
  std::string result = patterns_->masked(kept_, true, consumed);
  kept_.clear();
  return result;
}

}  // namespace switchyard
