#include "protocol/version.hpp"

#include <algorithm>

namespace switchyard::protocol {

const std::vector<std::string>& own_features() {
  static const std::vector<std::string> features = {"inventory", "stages", "traffic-haproxy", "traffic-nftables"};
  return features;
}

std::optional<Agreement> agree(const Hello& hello) {
  const std::uint16_t highest = std::min(version_max, hello.protocol_max);
  if (hello.protocol_min > hello.protocol_max || highest < std::max(version_min, hello.protocol_min)) {
    return std::nullopt;
  }
  Agreement agreement{highest, {}};
  for (const std::string& feature : own_features()) {
    if (std::find(hello.features.begin(), hello.features.end(), feature) != hello.features.end()) {
      agreement.features.push_back(feature);
    }
  }
  return agreement;
}

}  // namespace switchyard::protocol
