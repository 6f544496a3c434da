#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The variables that a manifest's texts may hold: ${port} ${slot} ${release_dir} ${component} ${shared_dir}. `$${`
/// writes a literal `${`; a `$` before anything else is itself.
namespace switchyard::planner {

struct VariableValues {
  std::optional<std::uint16_t> port;  ///< the slot's own port, or the stable one in checks after the switch
  std::string slot;
  std::string release_dir;
  std::string component;
  std::string shared_dir;
};

/// Why the text cannot be expanded: an unknown or unclosed variable. Nothing when all is well.
std::optional<std::string> variable_trouble(std::string_view text);

/// True if `${name}` is in the text.
bool mentions_variable(std::string_view text, std::string_view name);

/// Throws InputError when variable_trouble() has something to say, or when ${port} is asked for and there is none.
std::string expand_variables(std::string_view text, const VariableValues& values);

}  // namespace switchyard::planner
