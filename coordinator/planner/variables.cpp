#include "coordinator/planner/variables.hpp"

#include <algorithm>
#include <vector>

#include "common/error.hpp"
#include "common/nearest.hpp"

namespace switchyard::planner {

namespace {

const std::vector<std::string_view>& known_variables() {
  static const std::vector<std::string_view> names = {"port", "slot", "release_dir", "component", "shared_dir"};
  return names;
}

/// A text is literal pieces and variables, in turn.
struct Piece {
  bool variable = false;
  std::string text;
};

struct Pieces {
  std::vector<Piece> list;
  std::optional<std::string> trouble;
};

Pieces split(std::string_view text) {
  Pieces pieces;
  std::string literal;
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at).starts_with("$${")) {
      literal += "${";
      at += 3;
      continue;
    }
    if (!text.substr(at).starts_with("${")) {
      literal += text[at++];
      continue;
    }
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) {
      pieces.trouble = "`${` without a closing `}`; close it, or write `$${` for a literal `${`";
      return pieces;
    }
    const std::string_view name = text.substr(at + 2, end - at - 2);
    const auto& known = known_variables();
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const std::string guess = did_you_mean(name, known);
      pieces.trouble = "unknown variable `${" + std::string(name) + "}`" +
                       (guess.empty() ? "; known: port, slot, release_dir, component, shared_dir" : guess);
      return pieces;
    }
    pieces.list.push_back({false, std::move(literal)});
    pieces.list.push_back({true, std::string(name)});
    literal.clear();
    at = end + 1;
  }
  pieces.list.push_back({false, std::move(literal)});
  return pieces;
}

std::string value_of(const std::string& name, const VariableValues& values) {
  if (name == "slot") return values.slot;
  if (name == "release_dir") return values.release_dir;
  if (name == "component") return values.component;
  if (name == "shared_dir") return values.shared_dir;
  if (values.port) return std::to_string(*values.port);
  throw InputError("`${port}` is used, but the component has no such port; add `ports:`");
}

}  // namespace

std::optional<std::string> variable_trouble(std::string_view text) { return split(text).trouble; }

bool mentions_variable(std::string_view text, std::string_view name) {
  const Pieces pieces = split(text);
  return std::any_of(pieces.list.begin(), pieces.list.end(),
                     [&](const Piece& piece) { return piece.variable && piece.text == name; });
}

std::string expand_variables(std::string_view text, const VariableValues& values) {
  const Pieces pieces = split(text);
  if (pieces.trouble) throw InputError(*pieces.trouble);
  std::string result;
  for (const Piece& piece : pieces.list) result += piece.variable ? value_of(piece.text, values) : piece.text;
  return result;
}

}  // namespace switchyard::planner
