#pragma once

#include <cstdint>
#include <string>

namespace switchyard::cli {

struct HttpCall {
  std::string method;  ///< GET, PUT, POST, DELETE
  std::string path;    ///< /v1/hosts?limit=3
  std::string content_type;
  std::string idempotency_key;
  std::string body;
  /// How long the coordinator may take to answer.
  std::int64_t answer_ms_max = 60'000;
};
struct HttpReply {
  int status = 0;
  std::string body;
};

/// Seam: one request to the coordinator. Real: CurlTransport. In tests: a scripted coordinator.
/// Throws UnreachableError when there is no answer, InterruptedError after Ctrl-C.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  virtual HttpReply perform(const HttpCall& call) = 0;
};

}  // namespace switchyard::cli
