#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/system/json_value.hpp"

namespace switchyard::agent {

/// The host's own nft program: the one way to the kernel's packet tables that every distribution keeps compatible with
/// its kernel. Blocking; any thread. Throws Error with what nft said.
class NftCommand {
 public:
  explicit NftCommand(std::string program = "/usr/sbin/nft") : program_(std::move(program)) {}

  /// One transaction: all of it or nothing.
  void load(std::string_view script) const;
  /// Nothing if there is no such table.
  std::optional<JsonValue> list_table(const std::string& family, const std::string& name) const;
  /// Nothing if it is too large to be judged (nft_output_bytes_max).
  std::optional<JsonValue> list_ruleset() const;

 private:
  std::string program_;
};

}  // namespace switchyard::agent
