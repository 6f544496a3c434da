#include "cli/destination.hpp"

#include <algorithm>

#include "cli/input_file.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::cli {
namespace {

constexpr const char* default_socket = "/run/switchyard/coordinator.sock";

std::string text_of(const char* value) { return value == nullptr ? "" : value; }

std::string read_token(const std::string& path) {
  std::string token = read_input_file(path, limits::cli_token_bytes_max);
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  const bool plain = std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (token.empty() || !plain) throw InputError(path + ": is not a file with one token on one line");
  return token;
}

}  // namespace

Destination find_destination(const GlobalOptions& options, const ReadEnvironment& environment) {
  Destination destination;
  destination.socket = options.socket;
  destination.url = options.url;
  if (destination.socket.empty() && destination.url.empty()) {
    destination.url = text_of(environment("SWITCHYARD_URL"));
    destination.socket = text_of(environment("SWITCHYARD_SOCKET"));
  }
  while (destination.url.ends_with('/')) destination.url.pop_back();
  if (destination.url.empty()) {
    if (destination.socket.empty()) destination.socket = default_socket;
    return destination;
  }
  if (!destination.url.starts_with("http://") && !destination.url.starts_with("https://")) {
    throw InputError("the coordinator's URL must begin with http:// or https://: " + destination.url);
  }
  const std::string file =
      options.token_file.empty() ? text_of(environment("SWITCHYARD_TOKEN_FILE")) : options.token_file;
  if (file.empty()) {
    throw InputError("a URL needs a token: give --token-file, or set SWITCHYARD_TOKEN_FILE");
  }
  destination.token = read_token(file);
  return destination;
}

}  // namespace switchyard::cli
