#include "coordinator/config/pattern.hpp"

#include <algorithm>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "common/utf8.hpp"

namespace switchyard::config {
namespace {

/// The characters of a text; a byte that belongs to none counts as one.
std::u32string characters(std::string_view text) {
  std::u32string result;
  while (!text.empty()) {
    const std::size_t length = std::max<std::size_t>(utf8_character_length(text), 1);
    auto value = static_cast<char32_t>(static_cast<unsigned char>(text[0]));
    if (length > 1) value &= 0xFFU >> (length + 1);
    for (std::size_t i = 1; i < length; ++i) {
      value = (value << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
    }
    result.push_back(value);
    text.remove_prefix(length);
  }
  return result;
}

constexpr char32_t last_character = 0x10FFFF;

}  // namespace

/// Thompson's construction, by recursive descent. A piece of program is compiled at the program's end, and moved up
/// when something must stand before it.
class PatternCompiler {
 public:
  PatternCompiler(std::string_view expression, std::vector<Pattern::Instruction>& program)
      : text_(characters(expression)), program_(program) {
    if (expression.size() > limits::pattern_bytes_max) {
      fail("it is longer than " + std::to_string(limits::pattern_bytes_max) + " bytes");
    }
  }

  void compile() {
    alternatives(0);
    if (at_ < text_.size()) fail("a `)` has no `(`");
    add({Kind::match, 0, 0, {}, false});
  }

 private:
  using Instruction = Pattern::Instruction;
  using Kind = Instruction::Kind;
  using Range = Pattern::Range;

  [[noreturn]] static void fail(const std::string& why) { throw InputError(why); }

  bool more() const { return at_ < text_.size(); }
  bool take(char32_t c) {
    if (!more() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void add(Instruction instruction) {
    if (program_.size() >= limits::pattern_states_max) fail("it is too large; use smaller repetitions");
    program_.push_back(std::move(instruction));
  }

  /// Inserts a split before the piece that begins at `begin`; its jumps move with it.
  void insert_split(std::size_t begin) {
    add({});
    for (std::size_t i = program_.size() - 1; i > begin; --i) {
      program_[i] = std::move(program_[i - 1]);
      if (program_[i].next >= begin) ++program_[i].next;
      if (program_[i].other >= begin) ++program_[i].other;
    }
    program_[begin] = {Kind::split, begin + 1, program_.size(), {}, false};
  }

  void alternatives(std::size_t depth) {
    if (depth > limits::pattern_depth_max) fail("its groups are nested too deeply");
    std::size_t begin = program_.size();
    std::vector<std::size_t> jumps;
    sequence(depth);
    while (take('|')) {
      insert_split(begin);
      jumps.push_back(program_.size());
      add({Kind::jump, 0, 0, {}, false});
      program_[begin].other = program_.size();
      begin = program_.size();
      sequence(depth);
    }
    for (const std::size_t jump : jumps) program_[jump].next = program_.size();
  }

  void sequence(std::size_t depth) {
    while (more() && text_[at_] != '|' && text_[at_] != ')') repeated(depth);
  }

  void repeated(std::size_t depth) {
    const std::size_t source = at_;
    const std::size_t begin = program_.size();
    one(depth);
    const std::size_t source_end = at_;
    if (!more()) return;
    std::size_t least = 0;
    std::size_t most = unbounded;
    if (take('+')) {
      least = 1;
    } else if (take('?')) {
      most = 1;
    } else if (!take('*') && !take_counts(least, most)) {
      return;
    }
    take('?');  // lazy: the same texts match
    if (more() && (text_[at_] == '*' || text_[at_] == '+')) fail("two repetitions follow one another; use a group");
    repeat(begin, least, most, source, source_end, depth);
  }

  /// Compiles the piece as often as it must be there, and once more for each time that it may.
  void repeat(std::size_t begin, std::size_t least, std::size_t most, std::size_t source, std::size_t source_end,
              std::size_t depth) {
    program_.resize(begin);
    const std::size_t resume_at = at_;
    const auto again = [&] {
      at_ = source;
      one(depth);
      ENSURE(at_ == source_end);
    };
    for (std::size_t i = 0; i < least; ++i) again();
    if (most == unbounded) {
      const std::size_t split = program_.size();
      again();
      insert_split(split);
      add({Kind::jump, split, 0, {}, false});
      program_[split].other = program_.size();
    }
    std::vector<std::size_t> splits;
    for (std::size_t i = least; most != unbounded && i < most; ++i) {
      splits.push_back(program_.size());
      add({Kind::split, program_.size() + 1, 0, {}, false});
      again();
    }
    for (const std::size_t split : splits) program_[split].other = program_.size();
    at_ = resume_at;
  }

  bool take_number(std::size_t& number) {
    const std::size_t begin = at_;
    number = 0;
    for (; more() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      number = std::min<std::size_t>(number * 10 + (text_[at_] - '0'), limits::pattern_repeats_max + 1);
    }
    if (number > limits::pattern_repeats_max) {
      fail("it repeats something more than " + std::to_string(limits::pattern_repeats_max) + " times");
    }
    return at_ > begin;
  }

  /// `{2}`, `{2,}`, `{2,5}`. A `{` that begins none of them is itself.
  bool take_counts(std::size_t& least, std::size_t& most) {
    const std::size_t begin = at_;
    if (take('{') && take_number(least)) {
      most = least;
      if (take(',') && !take_number(most)) most = unbounded;
      if (take('}')) {
        if (most < least) fail("a repetition's second number is smaller than its first");
        return true;
      }
    }
    at_ = begin;
    return false;
  }

  void one(std::size_t depth) {
    // Repetitions of groups that are empty cost no states, and yet time.
    if (++work_ > limits::pattern_work_max) fail("it is too large; use smaller repetitions");
    const char32_t c = text_[at_++];
    switch (c) {
      case '(':
        return group(depth);
      case '[':
        return set();
      case '.':
        return add({Kind::one_of, 0, 0, {{'\n', '\n'}}, true});
      case '^':
        return add({Kind::begin, 0, 0, {}, false});
      case '$':
        return add({Kind::end, 0, 0, {}, false});
      case '\\':
        return escaped();
      case '*':
      case '+':
      case '?':
        fail("a repetition has nothing to repeat");
      default:
        add({Kind::one_of, 0, 0, {{c, c}}, false});
    }
  }

  void group(std::size_t depth) {
    if (take('?') && !take(':')) fail("`(?` is known as `(?:` only; looking around and names are not supported");
    alternatives(depth + 1);
    if (!take(')')) fail("a `(` has no `)`");
  }

  static std::vector<Range> class_ranges(char32_t letter) {
    switch (letter) {
      case 'd':
        return {{'0', '9'}};
      case 'w':
        return {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
      case 's':
        return {{'\t', '\r'}, {' ', ' '}};
      default:
        return {};
    }
  }
  static std::vector<Range> without(const std::vector<Range>& sorted) {
    std::vector<Range> rest;
    char32_t from = 0;
    for (const auto& [first, last] : sorted) {
      if (first > from) rest.emplace_back(from, first - 1);
      from = last + 1;
    }
    rest.emplace_back(from, last_character);
    return rest;
  }

  /// What stands for behind a backslash: a class, a control character, or a sign itself.
  std::vector<Range> escape() {
    if (!more()) fail("it ends with a backslash");
    const char32_t c = text_[at_++];
    if (c == 'd' || c == 'w' || c == 's') return class_ranges(c);
    if (c == 'D' || c == 'W' || c == 'S') return without(class_ranges(c - 'A' + 'a'));
    if (c == 'n') return {{'\n', '\n'}};
    if (c == 't') return {{'\t', '\t'}};
    if (c == 'r') return {{'\r', '\r'}};
    const bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (word) fail(std::string("`\\") + static_cast<char>(c) + "` is not supported");
    return {{c, c}};
  }
  void escaped() { add({Kind::one_of, 0, 0, escape(), false}); }

  void set() {
    Instruction instruction{Kind::one_of, 0, 0, {}, take('^')};
    bool first = true;
    while (true) {
      if (!more()) fail("a `[` has no `]`");
      if (!first && take(']')) break;
      first = false;
      set_item(instruction.ranges);
    }
    add(std::move(instruction));
  }

  void set_item(std::vector<Range>& ranges) {
    std::vector<Range> item{{text_[at_], text_[at_]}};
    if (text_[at_++] == '\\') item = escape();
    const bool single = item.size() == 1 && item[0].first == item[0].second;
    const bool range = single && at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']';
    if (range) {
      ++at_;
      std::vector<Range> end{{text_[at_], text_[at_]}};
      if (text_[at_++] == '\\') end = escape();
      if (end.size() != 1 || end[0].first != end[0].second || end[0].first < item[0].first) {
        fail("a range in `[...]` has no order");
      }
      item[0].second = end[0].first;
    }
    ranges.insert(ranges.end(), item.begin(), item.end());
  }

  static constexpr std::size_t unbounded = static_cast<std::size_t>(-1);
  const std::u32string text_;
  std::size_t at_ = 0;
  std::size_t work_ = 0;  ///< pieces compiled, again and again where they repeat
  std::vector<Instruction>& program_;
};

Pattern::Pattern(std::string_view expression) { PatternCompiler(expression, program_).compile(); }

void Pattern::follow(std::size_t at, bool first, bool last, std::vector<std::size_t>& states,
                     std::vector<bool>& seen) const {
  std::vector<std::size_t> open{at};
  while (!open.empty()) {
    const std::size_t state = open.back();
    open.pop_back();
    if (seen[state]) continue;
    seen[state] = true;
    const Instruction& instruction = program_[state];
    switch (instruction.kind) {
      case Instruction::Kind::split:
        open.push_back(instruction.other);
        open.push_back(instruction.next);
        break;
      case Instruction::Kind::jump:
        open.push_back(instruction.next);
        break;
      case Instruction::Kind::begin:
        if (first) open.push_back(state + 1);
        break;
      case Instruction::Kind::end:
        if (last) open.push_back(state + 1);
        break;
      case Instruction::Kind::one_of:
      case Instruction::Kind::match:
        states.push_back(state);
        break;
    }
  }
}

bool Pattern::matches(std::string_view text) const {
  const std::u32string subject = characters(text);
  std::vector<std::size_t> states;
  for (std::size_t at = 0;; ++at) {
    // The states after the character before this place, and a match that begins here.
    std::vector<std::size_t> here;
    std::vector<bool> seen(program_.size(), false);
    const bool last = at == subject.size();
    states.push_back(0);
    for (const std::size_t state : states) follow(state, at == 0, last, here, seen);
    states.clear();
    for (const std::size_t state : here) {
      const Instruction& instruction = program_[state];
      if (instruction.kind == Instruction::Kind::match) return true;
      if (last) continue;
      const bool within = std::any_of(instruction.ranges.begin(), instruction.ranges.end(), [&](const Range& range) {
        return subject[at] >= range.first && subject[at] <= range.second;
      });
      if (within != instruction.negated) states.push_back(state + 1);
    }
    if (last) return false;
  }
}

}  // namespace switchyard::config
