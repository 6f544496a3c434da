#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "coordinator/templates/template_renderer.hpp"

/// From pieces to the text that is delivered. Only who delivers it calls this: the text holds secrets.
namespace switchyard::templates {

struct Fillers {
  std::function<std::string(const std::string& name)> secret;
  /// The `index`-th random text of this rendering. Drawn once per (environment, component, key, index) and kept.
  std::function<std::string(std::uint32_t index, std::uint32_t length)> random;
};
std::string filled(const Pieces& pieces, const Fillers& fillers);

/// `length` letters and digits from the kernel's random source, each as likely as any other.
std::string draw_random_text(std::uint32_t length);

}  // namespace switchyard::templates
