#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace switchyard {

/// Finds the values of secrets in texts that are about to leave, and blackens them: as they are, in base64 and
/// base64url (at each of the three places where they may begin in what is encoded), in hexadecimal digits, escaped for
/// URLs and for JSON. A value of several lines is found line by line too, since that is how logs show it. Values of
/// fewer than `bytes_min` bytes stand in every text, and are left.
///
/// The search looks at four bytes of every `step_`-th place only: a pattern is never shorter than `step_` + 3 bytes, so
/// wherever it stands one of these places falls on one of its first `step_` pieces. What pieces there are says a set of
/// bits that fits into the processor's cache; only where it says yes are patterns compared. (The pieces are those of
/// Salmela, Tarhio and Kytöjoki, "Multi-pattern string matching with q-grams", 2006; the step is Wu and Manber's,
/// 1994.)
class SecretPatterns {
 public:
  static constexpr std::size_t bytes_min = 4;
  static constexpr std::string_view mask = "<masked>";

  explicit SecretPatterns(const std::set<std::string>& values);

  /// The text from its beginning, as far as no pattern can begin in what is left over: all of it when `whole`.
  /// `consumed`: how many bytes of the text that was.
  std::string masked(std::string_view text, bool whole, std::size_t& consumed) const;

 private:
  /// Pieces of four bytes. May say that it has one that it has not, never the reverse.
  class PieceSet {
   public:
    PieceSet() : PieceSet(0) {}
    explicit PieceSet(std::size_t count);
    void add(std::uint32_t piece);
    bool may_have(std::uint32_t piece) const {
      const std::uint32_t hash = (piece * 2'654'435'761U) >> shift_;
      return (bits_[hash / 64] >> (hash % 64) & 1U) != 0;
    }

   private:
    unsigned shift_;
    std::vector<std::uint64_t> bits_;
  };
  struct Match {
    std::size_t begin = 0;
    std::size_t bytes = 0;  ///< 0: there is none
  };

  std::size_t next_place(std::string_view text, std::size_t at) const;
  Match match_around(std::string_view text, std::size_t at, std::size_t end) const;

  std::size_t step_ = 1;
  std::size_t bytes_max_ = 0;                                            ///< of the longest pattern; 0: there are none
  PieceSet pieces_;                                                      ///< of every pattern the first `step_`
  PieceSet heads_;                                                       ///< of every pattern the first
  std::unordered_map<std::uint32_t, std::vector<std::string>> by_head_;  ///< the longest first
};

/// The secrets that this process knows. Made by main() and handed down. Any thread.
class SecretMask {
 public:
  /// Those that are known already change nothing.
  void add(const std::vector<std::string>& values);
  /// These from now on, and no others: what was known before is forgotten.
  void know(const std::set<std::string>& values);
  std::string masked(std::string_view text) const;
  /// In place.
  void apply(std::string& text) const;
  /// Of what a program tells, the names are its words as well as the values.
  void apply(std::map<std::string, std::string>& told) const;
  /// As they are known now; nullptr: none is.
  std::shared_ptr<const SecretPatterns> patterns() const;

 private:
  mutable std::mutex mutex_;
  std::set<std::string> values_;
  std::shared_ptr<const SecretPatterns> patterns_;  ///< shared: who masks with them is not disturbed by new ones
};

/// A text that comes in pieces: a secret is found wherever it is cut. One thread.
class MaskedStream {
 public:
  explicit MaskedStream(std::shared_ptr<const SecretPatterns> patterns) : patterns_(std::move(patterns)) {}
  /// What can be let go of so far.
  std::string feed(std::string_view piece);
  /// The rest.
  std::string finish();

 private:
  std::shared_ptr<const SecretPatterns> patterns_;
  std::string kept_;
};

}  // namespace switchyard
