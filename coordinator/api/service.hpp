#pragma once

#include <variant>

#include "coordinator/api/api_config.hpp"
#include "coordinator/api/http_message.hpp"
#include "coordinator/api/router.hpp"
#include "coordinator/api/token_book.hpp"

namespace switchyard::api {

/// The API without its transport: whom to let in, which route, which limits; then the operation. Owned by the server,
/// used on the loop's thread.
class Service {
 public:
  Service(fleet::Operations& operations, ApiConfig config, TokenBook tokens);

  /// What may now be read: the body of this route, of exactly this many bytes, for this caller.
  struct Admission {
    const Route* route = nullptr;
    Request request;  ///< body still empty
    std::size_t body_bytes = 0;
  };
  /// Judges a header before any byte of its body is read: site, caller, route, content type and size.
  std::variant<Admission, Response> admit(const RequestHead& head, const Peer& peer) const;

  /// Runs the route. `respond` is called once: errors become error bodies. Throws only StaleEpochError (another
  /// coordinator has taken over, and the process must end).
  void run(const Route& route, const Request& request, Respond respond) const;

 private:
  std::optional<Response> refuse_site(const RequestHead& head) const;
  /// Who asks, by his token or by the kernel's word; nothing for a stranger.
  std::optional<fleet::Caller> caller_of(const RequestHead& head, const Peer& peer) const;

  fleet::Operations& operations_;
  ApiConfig config_;
  TokenBook tokens_;
};

}  // namespace switchyard::api
