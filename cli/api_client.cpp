#include "cli/api_client.hpp"

#include <array>
#include <cctype>
#include <cstdio>
#include <utility>

#include "cli/api_values.hpp"
#include "cli/errors.hpp"
#include "common/limits.hpp"

namespace switchyard::cli {

namespace {

/// Plans and simulations are answered as else: they are what a deployment is looked at with.
bool changes(const HttpCall& call) {
  const auto is_of = [&](std::string_view path) { return call.path.starts_with(path); };
  return call.method != "GET" && !is_of("/v1/plans") && !is_of("/v1/simulations");
}

[[noreturn]] void throw_rehearsed(const std::string& body) {
  if (const auto would = read_rehearsal(body)) throw Rehearsed(*would, body);
  throw Error(
      "the coordinator does not know --dry-run, and has done what should only have been rehearsed: it is older "
      "than this program");
}

}  // namespace

std::string ApiClient::get(const std::string& path, std::int64_t more_ms) {
  return answer({"GET", path, "", "", "", limits::cli_answer_ms_max + more_ms});
}

std::string ApiClient::post(const std::string& path, const std::string& body, const std::string& idempotency_key) {
  return answer({"POST", changing(path), "application/json", idempotency_key, body, limits::cli_answer_ms_max});
}

std::string ApiClient::put_octets(const std::string& path, std::string bytes) {
  return answer({"PUT", changing(path), "application/octet-stream", "", std::move(bytes), limits::cli_answer_ms_max});
}

std::string ApiClient::remove(const std::string& path) {
  return answer({"DELETE", changing(path), "", "", "", limits::cli_answer_ms_max});
}

std::string ApiClient::changing(const std::string& path) const { return rehearses_ ? path + "?dry_run=true" : path; }

std::string ApiClient::answer(const HttpCall& call) {
  HttpReply reply = transport_.perform(call);
  const bool good = reply.status >= 200 && reply.status < 300;
  if (good && rehearses_ && changes(call)) throw_rehearsed(reply.body);
  if (good) return std::move(reply.body);
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
