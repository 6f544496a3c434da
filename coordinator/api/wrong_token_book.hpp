#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "common/clock.hpp"

namespace switchyard::api {

/// Who comes with wrong bearer tokens again and again is to wait before the next try, longer each time: per source, and
/// per token (but for one that could be guessed), from wherever it comes. A right token is not asked to wait for what
/// others do from its source (behind one proxy all have the same), unless it is so short that it could be what they are
/// trying out. Bounded: with too many sources the rest counts as one; with too many tokens the rest is told apart by
/// its source alone. What is remembered ends with the process. Owned by the Service, loop thread only.
class WrongTokenBook {
 public:
  explicit WrongTokenBook(const Clock& clock) : clock_(clock) {}

  /// A token with this digest came from there, and is none.
  void note(const std::string& source, const std::string& digest);
  /// The same of one that could be guessed: only where it came from counts. Whoever guesses what others use would else
  /// shut them out wherever they are; and what is right and held back must look like what is wrong.
  void note_guess(const std::string& source);

  /// How long the next try is to wait still; 0: not at all.
  std::int64_t source_wait_ms(const std::string& source) const;
  std::int64_t token_wait_ms(const std::string& digest) const;

  /// Of both together.
  std::size_t remembered() const { return sources_.size() + tokens_.size(); }

 private:
  struct Tries {
    unsigned wrong = 0;
    std::int64_t last_boot_ms = 0;
    std::int64_t until_boot_ms = 0;
    std::int64_t pause_ms = 0;
  };
  using Book = std::map<std::string, Tries>;

  void count(Tries& tries, unsigned free) const;
  std::int64_t wait_ms(const Book& book, const std::string& key) const;
  /// Once a minute, so that a flood does not look through the books for each of its tries.
  void forget_old();

  const Clock& clock_;
  Book sources_;
  Book tokens_;
  std::int64_t forgot_boot_ms_ = 0;
};

}  // namespace switchyard::api
