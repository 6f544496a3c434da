#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/limits.hpp"

namespace switchyard::api {

/// Where the API listens and whom it lets in.
struct ApiConfig {
  /// The socket of the local command line, mode 0660; empty: none.
  std::filesystem::path unix_socket = "/run/switchyard/coordinator.sock";
  /// The group that may connect to it; empty or unknown to the machine: only root (and our own group).
  std::string socket_group = "switchyard";
  /// A loopback address; empty: no TCP. Others are refused, since a bearer token must not cross a network in clear.
  std::string listen_address = "127.0.0.1";
  std::uint16_t listen_port = 8765;  ///< 0: any free port (tests)
  /// Holds `tokens.json` (hashes) and, from the first start, `admin.token` (0600).
  std::filesystem::path state_directory = "/var/lib/switchyard";
  std::vector<std::string> admin_tokens;     ///< DEPLOYMENT_ADMIN_TOKENS: of persons who may do everything
  std::vector<std::string> allowed_hosts;    ///< further names in the Host header
  std::vector<std::string> allowed_origins;  ///< further origins of browsers: https://switchyard.example
  /// From the first byte of a header to its end, and from there to the end of the body.
  std::int64_t receive_ms = limits::api_receive_ms_max;
  /// A connection whose caller is not known yet may be silent so long.
  std::int64_t silence_ms = limits::api_silence_ms_max;
};

}  // namespace switchyard::api
