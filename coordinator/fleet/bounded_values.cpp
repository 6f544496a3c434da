#include "coordinator/fleet/bounded_values.hpp"

#include <algorithm>
#include <iterator>

#include "common/ensure.hpp"
#include "common/limits.hpp"
#include "common/secret_mask.hpp"

namespace switchyard::fleet {

std::size_t BoundedValues::cost(const std::string& value) {
  return std::max(value.size(), limits::masked_value_bytes_min);
}

std::size_t BoundedValues::add(const EnvironmentValue& added) {
  if (added.value.size() < SecretPatterns::bytes_min) return 0;
  Values& values = environments_[added.environment];
  if (const auto known = values.places.find(added.value); known != values.places.end()) {
    values.oldest_first.splice(values.oldest_first.end(), values.oldest_first, known->second);
    return 0;
  }
  values.oldest_first.push_back(added.value);
  values.places.emplace(values.oldest_first.back(), std::prev(values.oldest_first.end()));
  values.bytes += cost(added.value);
  bytes_ += cost(added.value);
  std::size_t gone = 0;
  for (; bytes_ > bytes_max_; ++gone) forget_one();
  return gone;
}

void BoundedValues::forget_one() {
  const auto most =
      std::max_element(environments_.begin(), environments_.end(),
                       [](const auto& one, const auto& other) { return one.second.bytes < other.second.bytes; });
  ENSURE(most != environments_.end() && !most->second.oldest_first.empty());
  Values& values = most->second;
  const std::size_t freed = cost(values.oldest_first.front());
  values.places.erase(values.oldest_first.front());
  values.oldest_first.pop_front();
  values.bytes -= freed;
  bytes_ -= freed;
  if (values.oldest_first.empty()) environments_.erase(most);
}

void BoundedValues::add_to(std::set<std::string>& values) const {
  for (const auto& [environment, of_one] : environments_) {
    values.insert(of_one.oldest_first.begin(), of_one.oldest_first.end());
  }
}

void BoundedValues::add_to(std::set<std::string>& values, const std::set<std::string>& environments) const {
  for (const std::string& environment : environments) {
    const auto found = environments_.find(environment);
    if (found == environments_.end()) continue;
    values.insert(found->second.oldest_first.begin(), found->second.oldest_first.end());
  }
}

void BoundedValues::add_environments_to(std::set<std::string>& environments) const {
  for (const auto& [environment, of_one] : environments_) environments.insert(environment);
}

}  // namespace switchyard::fleet
