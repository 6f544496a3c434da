#include "coordinator/planner/rolling_reader.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "common/limits.hpp"

namespace switchyard::planner {
namespace {

void need_batches(const YamlNode& node, const model::Component& component) {
  if (component.strategy == model::Strategy::rolling) return;
  node.refuse(node.label() + " has no meaning without batches; set `strategy: rolling`, or remove it");
}

/// A number of hosts, or a share of them, of which a part of a host is a whole one.
std::size_t hosts_to_keep(const YamlNode& node, std::size_t hosts) {
  const std::string text = node.text();
  if (!text.ends_with('%')) return static_cast<std::size_t>(node.integer(1, limits::hosts_max));
  std::size_t percent = 0;
  const char* end = text.data() + text.size() - 1;
  const auto [read_to, error] = std::from_chars(text.data(), end, percent);
  if (error != std::errc() || read_to != end || percent < 1 || percent > 99) {
    node.refuse(node.label() + " is \"" + text + "\", but it must be a number of hosts, or a share from 1% to 99%");
  }
  return (hosts * percent + 99) / 100;
}

}  // namespace

void read_rolling(const YamlNode& node, model::Component& component) {
  if (const auto seconds = node.find("min_healthy_seconds")) {
    need_batches(*seconds, component);
    component.min_healthy_ms = static_cast<std::uint32_t>(seconds->integer(0, limits::pause_seconds_max) * 1'000);
  }
  const auto least = node.find("min_healthy");
  if (!least) return;
  need_batches(*least, component);
  const std::size_t keep = hosts_to_keep(*least, component.hosts.size());
  if (keep >= component.hosts.size()) {
    least->refuse(least->label() + " keeps " + std::to_string(keep) + " of " + std::to_string(component.hosts.size()) +
                  " hosts as they are, so that none could ever change; make it smaller, or add hosts");
  }
  component.min_healthy = static_cast<std::uint32_t>(keep);
}

}  // namespace switchyard::planner
