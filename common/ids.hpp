#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

/// Strong identifiers: a host id is never taken for a deployment id.
namespace switchyard {

template <class Tag>
struct Id {
  std::string value;

  Id() = default;
  explicit Id(std::string text) : value(std::move(text)) {}
  bool empty() const { return value.empty(); }
  const std::string& str() const { return value; }
  auto operator<=>(const Id&) const = default;
  bool operator==(const Id&) const = default;
};

/// The host's name in the fleet, and the ZAP User-Id of its agent: `web-1`. Matches is_name().
using HostId = Id<struct HostTag>;
/// `d-` and 16 hexadecimal digits, drawn at random by the coordinator.
using DeploymentId = Id<struct DeploymentTag>;
/// `s-` and 16 hexadecimal digits: what ran in an environment at some time, written down by the coordinator.
using SnapshotId = Id<struct SnapshotTag>;
/// 32 hexadecimal digits: the first 16 bytes of SHA-256 over (deployment, host, index, attempt).
using StepId = Id<struct StepTag>;
/// 64 hexadecimal digits: SHA-256 of the artifact's manifest bytes. Equal content has an equal id.
using ReleaseId = Id<struct ReleaseTag>;

/// True for `^[a-z0-9][a-z0-9._-]{0,63}$` without `..`: the one form of every name that reaches a path, a unit or an
/// argument.
bool is_name(std::string_view text);

/// 2 x `bytes` hexadecimal digits from the kernel's random source.
std::string random_hex(std::size_t bytes);

}  // namespace switchyard

template <class Tag>
struct std::hash<switchyard::Id<Tag>> {
  std::size_t operator()(const switchyard::Id<Tag>& id) const noexcept { return std::hash<std::string>{}(id.value); }
};
