#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard {

/// The candidate that a person most probably meant by `word`: the smallest edit distance, if it is small against the
/// word's length. Nothing when none is near. For messages only: nothing is ever corrected by itself.
std::optional<std::string> nearest_name(std::string_view word, const std::vector<std::string_view>& candidates);

/// "; did you mean `x`?" or an empty text.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace switchyard
