#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::api {

/// A request target taken apart: `/v1/hosts/web-1?limit=3`. Segments and query values are percent-decoded, each once.
struct Target {
  std::vector<std::string> segments;
  std::map<std::string, std::string> query;
};

/// Nothing when the target is malformed: a bad percent sequence, an encoded slash or NUL, an empty or dot segment, a
/// query key given twice. Pure.
std::optional<Target> parse_target(std::string_view text);

}  // namespace switchyard::api
