#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <unordered_map>

#include "coordinator/templates/template_renderer.hpp"

namespace switchyard::templates {

/// In front of another renderer: remembers what requests rendered to, by the hash of all that it depends on, the least
/// lately used forgotten first. Errors are not remembered: one that took too long may go better next time. Owned by
/// whoever renders; one thread.
class CachingRenderer final : public TemplateRenderer {
 public:
  /// `inner` must live longer.
  CachingRenderer(TemplateRenderer& inner, std::size_t entries_max, std::size_t bytes_max);
  RenderResult render(const RenderRequest& request) override;

  std::size_t entries() const { return by_key_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string key;
    Pieces pieces;
    std::size_t bytes = 0;
  };
  void remember(std::string key, const Pieces& pieces);

  TemplateRenderer& inner_;
  std::size_t entries_max_;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::list<Entry> entries_;  ///< the lately used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
};

}  // namespace switchyard::templates
