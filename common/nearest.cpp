#include "common/nearest.hpp"

#include <algorithm>
#include <iterator>

namespace switchyard {

namespace {

/// Optimal string alignment: insertions, deletions, substitutions and swapped neighbours cost 1 each.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string digits_of(std::string_view word) {
  std::string digits;
  std::copy_if(word.begin(), word.end(), std::back_inserter(digits), [](char c) { return c >= '0' && c <= '9'; });
  return digits;
}

/// app-2 is no mistyped app-1, it is another host.
bool has_another_number(std::string_view word, std::string_view candidate) {
  const std::string digits = digits_of(word);
  const std::string others = digits_of(candidate);
  return !digits.empty() && !others.empty() && digits != others;
}

/// How many mistakes a word of this length may have; of a short word two would be half of it.
std::size_t mistakes_max(std::size_t length) {
  constexpr std::size_t short_word = 4;
  return length <= short_word ? 1 : std::max<std::size_t>(2, length / 3);
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view word, const std::vector<std::string_view>& candidates) {
  // Words longer than any key of ours are not mistyped keys, and the distance costs the product of the lengths.
  constexpr std::size_t word_bytes_max = 64;
  if (word.size() > word_bytes_max) return std::nullopt;
  std::size_t best_distance = mistakes_max(word.size()) + 1;
  std::string_view best;
  for (std::string_view candidate : candidates) {
    if (candidate.size() > word_bytes_max || has_another_number(word, candidate)) continue;
    const bool prefix = word.size() >= 3 && candidate.starts_with(word);
    const std::size_t distance = prefix ? 1 : edit_distance(word, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best_distance = distance;
      best = candidate;
    }
  }
  if (best.empty()) return std::nullopt;
  return std::string(best);
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
  const auto nearest = nearest_name(word, candidates);
  return nearest ? "; did you mean `" + *nearest + "`?" : std::string();
}

}  // namespace switchyard
