#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace switchyard::config {

/// A regular expression that a person wrote, matched in time that grows with the text and never explodes: no pattern
/// can hold the coordinator up. Literals, `.`, classes `[a-z]` `[^,]` `\d` `\w` `\s` (and `\D` `\W` `\S`), groups, `|`,
/// `*` `+` `?`
/// `{2}` `{2,}` `{2,5}` (also lazy, which makes no difference here), `^` and `$`. No back references and no looking
/// around. Of the text's characters, not bytes. Pure.
class Pattern {
 public:
  /// Throws InputError with the reason alone; the caller knows the place.
  explicit Pattern(std::string_view expression);

  /// Is there a match anywhere in the text? `^` and `$` bind it to the ends. Texts of more than
  /// limits::pattern_text_bytes_max are cut off by the caller.
  bool matches(std::string_view text) const;

  std::size_t states() const { return program_.size(); }

 private:
  friend class PatternCompiler;
  using Range = std::pair<char32_t, char32_t>;
  struct Instruction {
    enum class Kind { one_of, split, jump, begin, end, match };
    Kind kind = Kind::match;
    std::size_t next = 0;       ///< of split and jump
    std::size_t other = 0;      ///< of split
    std::vector<Range> ranges;  ///< of one_of
    bool negated = false;
  };
  void follow(std::size_t at, bool first, bool last, std::vector<std::size_t>& states, std::vector<bool>& seen) const;

  std::vector<Instruction> program_;
};

}  // namespace switchyard::config
