#pragma once

#include <variant>

#include "coordinator/api/api_config.hpp"
#include "coordinator/api/http_message.hpp"
#include "coordinator/api/router.hpp"
#include "coordinator/api/token_book.hpp"
#include "coordinator/api/wrong_token_book.hpp"

namespace switchyard::api {

/// The API without its transport: whom to let in, which route, which limits; then the operation. Owned by the server,
/// used on the loop's thread.
class Service {
 public:
  Service(fleet::Operations& operations, ApiConfig config, TokenBook tokens, const Clock& clock);

  /// What may now be read: the body of this route, of exactly this many bytes, for this caller.
  struct Admission {
    const Route* route = nullptr;
    Request request;  ///< body still empty
    std::size_t body_bytes = 0;
  };
  /// Judges a header before any byte of its body is read: site, caller, route, content type and size.
  std::variant<Admission, Response> admit(const RequestHead& head, const Peer& peer);

  /// Runs the route. `respond` is called once: errors become error bodies. Throws only StaleEpochError (another
  /// coordinator has taken over, and the process must end).
  void run(const Route& route, const Request& request, Respond respond) const;

 private:
  std::optional<Response> refuse_site(const RequestHead& head) const;
  struct Stranger {
    std::int64_t wait_ms = 0;  ///< before his next try; 0: none is asked of him
  };
  /// Who asks, by his token or by the kernel's word.
  std::variant<fleet::Caller, Stranger> caller_of(const RequestHead& head, const Peer& peer);
  std::optional<access::Bearer> bearer(const std::string& digest) const;

  fleet::Operations& operations_;
  ApiConfig config_;
  TokenBook tokens_;
  WrongTokenBook wrong_tokens_;
};

}  // namespace switchyard::api
