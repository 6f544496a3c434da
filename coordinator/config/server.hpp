#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/config/validation_rule.hpp"
#include "coordinator/config/value.hpp"

namespace switchyard::config {

/// servers/<name>.yaml: the configuration of a component, which the user's documents call a server.
struct Server {
  std::string name;
  std::string file_name;
  std::string server_type;  ///< for people
  Value base;
  std::vector<std::pair<std::string, Value>> overrides;  ///< environment -> map
  std::vector<std::string> override_places;              ///< file:line:column of each
  Value templates;
  std::vector<ValidationRule> rules;

  /// Nothing when the environment has no overrides here.
  const Value* find_override(const std::string& environment) const;
};

/// `name`: the file's, without its ending. Throws InputError: "file:line:column: what is wrong, and what to do".
Server read_server(std::string_view text, const std::string& file_name, const std::string& name);

}  // namespace switchyard::config
