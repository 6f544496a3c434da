#include "coordinator/api/router.hpp"

#include <optional>

namespace switchyard::api {
namespace {

/// The values of the {…} parts; nothing if the path is another.
std::optional<std::vector<std::string>> match_path(std::string_view path, const std::vector<std::string>& segments) {
  std::vector<std::string> parameters;
  std::size_t index = 0;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(part.size());
    if (index == segments.size()) return std::nullopt;
    if (part.front() == '{') {
      parameters.push_back(segments[index]);
    } else if (part != segments[index]) {
      return std::nullopt;
    }
    ++index;
  }
  if (index != segments.size()) return std::nullopt;
  return parameters;
}

}  // namespace

std::variant<Match, NoSuchPath, NoSuchMethod> find_route(std::span<const Route> table, Method method,
                                                         const std::vector<std::string>& segments) {
  NoSuchMethod others;
  for (const Route& route : table) {
    std::optional<std::vector<std::string>> parameters = match_path(route.path, segments);
    if (!parameters) continue;
    if (route.method == method) return Match{&route, std::move(*parameters)};
    if (!others.allow.empty()) others.allow += ", ";
    others.allow += method_name(route.method);
  }
  if (others.allow.empty()) return NoSuchPath{};
  return others;
}

}  // namespace switchyard::api
