#include "cli/api_client.hpp"

#include <array>
#include <cctype>
#include <cstdio>
#include <utility>

#include "cli/api_values.hpp"
#include "cli/errors.hpp"
#include "common/limits.hpp"

namespace switchyard::cli {

std::string ApiClient::get(const std::string& path, std::int64_t more_ms) {
  return answer({"GET", path, "", "", "", limits::cli_answer_ms_max + more_ms});
}

std::string ApiClient::post(const std::string& path, const std::string& body, const std::string& idempotency_key) {
  return answer({"POST", path, "application/json", idempotency_key, body, limits::cli_answer_ms_max});
}

std::string ApiClient::put_octets(const std::string& path, std::string bytes) {
  return answer({"PUT", path, "application/octet-stream", "", std::move(bytes), limits::cli_answer_ms_max});
}

std::string ApiClient::remove(const std::string& path) {
  return answer({"DELETE", path, "", "", "", limits::cli_answer_ms_max});
}

std::string ApiClient::answer(const HttpCall& call) {
  HttpReply reply = transport_.perform(call);
  if (reply.status >= 200 && reply.status < 300) return std::move(reply.body);
  if (const auto error = read_error(reply.body)) {
    throw RefusedError(reply.status, error->code, error->message, reply.body);
  }
  const std::string message = "the coordinator answered with status " + std::to_string(reply.status) +
                              " and nothing that says why; is there another server at this address?";
  throw RefusedError(reply.status, "not_understood", message, write_error("not_understood", message));
}

std::string path_part(const std::string& text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~') {
      encoded += c;
      continue;
    }
    std::array<char, 4> escape{};
    std::snprintf(escape.data(), escape.size(), "%%%02X", byte);
    encoded += escape.data();
  }
  return encoded;
}

}  // namespace switchyard::cli
