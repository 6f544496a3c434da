#pragma once

#include <gtest/gtest.h>

#include <string>

#include "common/error.hpp"

namespace switchyard::testing {

/// What an InputError says; "(accepted)" if there is none.
template <class Action>
std::string refusal(const Action& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "(accepted)";
}

/// Is `part` in `text`? The failure shows the whole text.
inline ::testing::AssertionResult has(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "no \"" << part << "\" in:\n" << text;
}

}  // namespace switchyard::testing
