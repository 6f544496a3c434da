#include "coordinator/fleet/secret_masks.hpp"

#include <algorithm>
#include <iterator>

#include "common/limits.hpp"
#include "common/log.hpp"

namespace switchyard::fleet {

SecretMasks::SecretMasks(SecretMask& all)
    : all_(all), secrets_(limits::masked_bytes_max), drawn_(limits::masked_drawn_bytes_max) {}

void SecretMasks::learn_secrets(const std::vector<EnvironmentValue>& values) {
  std::size_t gone = 0;
  for (const EnvironmentValue& value : values) gone += secrets_.add(value);
  if (gone > 0) log::warning("not all secrets are masked by the coordinator: they are too many bytes");
  tell();
}

void SecretMasks::learn_drawn(const std::vector<EnvironmentValue>& values) {
  for (const EnvironmentValue& value : values) drawn_.add(value);
  tell();
}

void SecretMasks::tell() {
  std::set<std::string> values;
  secrets_.add_to(values);
  drawn_.add_to(values);
  all_.know(values);
  environments_.clear();
  secrets_.add_environments_to(environments_);
  drawn_.add_environments_to(environments_);
  made_.clear();
  made_bytes_ = 0;
}

void SecretMasks::note(const HostId& host, const std::string& environment) {
  std::set<std::string>& of_host = environments_of_[host];
  if (of_host.size() <= limits::masked_environments_per_host_max) of_host.insert(environment);
}

const SecretMask& SecretMasks::of(const HostId& host) {
  const auto noted = environments_of_.find(host);
  if (noted == environments_of_.end() || noted->second.size() > limits::masked_environments_per_host_max) return all_;
  std::set<std::string> own;
  std::set_intersection(environments_.begin(), environments_.end(), noted->second.begin(), noted->second.end(),
                        std::inserter(own, own.end()));
  if (own == environments_) return all_;
  if (const auto made = made_.find(own); made != made_.end()) return made->second;
  std::set<std::string> values;
  secrets_.add_to(values, own);
  drawn_.add_to(values, own);
  std::size_t bytes = 0;
  for (const std::string& value : values) bytes += value.size();
  if (made_bytes_ + bytes > limits::masked_sets_bytes_max || made_.size() >= limits::masked_sets_max) {
    made_.clear();
    made_bytes_ = 0;
  }
  made_bytes_ += bytes;
  SecretMask& mask = made_[own];
  mask.know(values);
  return mask;
}

}  // namespace switchyard::fleet
