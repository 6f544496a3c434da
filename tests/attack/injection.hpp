#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tests/attack/attacked.hpp"

/// What the injection tests have in common.
namespace switchyard::attack {

/// Texts that are attacks on whoever logs, shows, stores or executes them. The last ones are no texts at all.
const std::vector<std::string>& attacks();

/// An attack as a message of a test can show it.
std::string printable(const std::string& text);

/// After all of it: no answer of the API carries what a terminal obeys or a member that nobody wrote, every line of the
/// log is one of the program's own, nothing was executed or written outside, and the audit still fits together. Stops
/// the program; returns how many lines its log has.
std::size_t expect_nothing_came_of_it(Attacked& attacked);

}  // namespace switchyard::attack
