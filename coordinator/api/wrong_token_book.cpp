#include "coordinator/api/wrong_token_book.hpp"

#include <algorithm>
#include <string_view>

#include "common/limits.hpp"

namespace switchyard::api {
namespace {

/// Stands for all sources that found no room.
constexpr std::string_view others;

}  // namespace

void WrongTokenBook::note(const std::string& source, const std::string& digest) {
  note_guess(source);
  if (tokens_.size() < limits::wrong_tokens_max || tokens_.contains(digest)) {
    count(tokens_[digest], limits::wrong_token_repeats_free);
  }
}

void WrongTokenBook::note_guess(const std::string& source) {
  forget_old();
  const bool room = sources_.size() < limits::wrong_token_sources_max || sources_.contains(source);
  count(sources_[room ? source : std::string(others)], limits::wrong_tokens_free);
}

void WrongTokenBook::count(Tries& tries, unsigned free) const {
  const std::int64_t now = clock_.boot_ms();
  tries.last_boot_ms = now;
  // Who does not wait gains nothing, and who does is let try when he was told.
  if (now < tries.until_boot_ms) return;
  if (++tries.wrong < free) return;
  tries.pause_ms = tries.pause_ms == 0 ? limits::wrong_token_pause_ms_min
                                       : std::min(2 * tries.pause_ms, limits::wrong_token_pause_ms_max);
  tries.until_boot_ms = now + tries.pause_ms;
}

std::int64_t WrongTokenBook::source_wait_ms(const std::string& source) const {
  const bool told_apart = sources_.contains(source) || sources_.size() < limits::wrong_token_sources_max;
  return wait_ms(sources_, told_apart ? source : std::string(others));
}

std::int64_t WrongTokenBook::token_wait_ms(const std::string& digest) const { return wait_ms(tokens_, digest); }

std::int64_t WrongTokenBook::wait_ms(const Book& book, const std::string& key) const {
  const auto found = book.find(key);
  if (found == book.end()) return 0;
  return std::max<std::int64_t>(found->second.until_boot_ms - clock_.boot_ms(), 0);
}

void WrongTokenBook::forget_old() {
  const std::int64_t now = clock_.boot_ms();
  if (now - forgot_boot_ms_ < limits::wrong_token_pause_ms_max) return;
  forgot_boot_ms_ = now;
  const auto old = [now](const auto& entry) {
    return now - entry.second.last_boot_ms >= limits::wrong_token_memory_ms;
  };
  std::erase_if(sources_, old);
  std::erase_if(tokens_, old);
}

}  // namespace switchyard::api
