#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/http_transport.hpp"

namespace switchyard::cli {

/// The coordinator's API (docs/openapi.yaml), request by request: JSON text in and out. Main thread.
/// Throws RefusedError when the coordinator answers with an error, UnreachableError when it does not answer, Rehearsed
/// when it says what it would have done.
class ApiClient {
 public:
  /// `rehearses`: whatever would change something is only rehearsed.
  explicit ApiClient(HttpTransport& transport, bool rehearses = false) : transport_(transport), rehearses_(rehearses) {}

  bool rehearses() const { return rehearses_; }
  std::string get(const std::string& path, std::int64_t more_ms = 0);
  std::string post(const std::string& path, const std::string& body, const std::string& idempotency_key = "");
  std::string put_octets(const std::string& path, std::string bytes);
  std::string remove(const std::string& path);

 private:
  std::string answer(const HttpCall& call);
  std::string changing(const std::string& path) const;

  HttpTransport& transport_;
  bool rehearses_;
};

/// One part of a path, percent-encoded.
std::string path_part(const std::string& text);

}  // namespace switchyard::cli
