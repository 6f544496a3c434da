#include "coordinator/model/configuration.hpp"

namespace switchyard::model {
namespace {

constexpr std::string_view formats[] = {"json", "yaml", "env"};

}  // namespace

std::string_view configuration_format_name(ConfigurationFormat format) {
  return formats[static_cast<std::size_t>(format)];
}

std::optional<ConfigurationFormat> configuration_format_from_name(std::string_view name) {
  for (std::size_t i = 0; i < std::size(formats); ++i) {
    if (formats[i] == name) return static_cast<ConfigurationFormat>(i);
  }
  return std::nullopt;
}

}  // namespace switchyard::model
