#include "coordinator/api/service.hpp"

#include <algorithm>
#include <cctype>

#include "common/error.hpp"
#include "coordinator/api/failure.hpp"
#include "coordinator/api/site_check.hpp"

namespace switchyard::api {
namespace {

/// `application/json; charset=utf-8` -> `application/json`
std::string media_type(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  for (char& c : type) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return type;
}

std::string_view wanted_type(BodyKind kind) {
  switch (kind) {
    case BodyKind::none:
      return "";
    case BodyKind::json:
      return "application/json";
    case BodyKind::octets:
      return "application/octet-stream";
  }
  return "";
}

std::optional<Response> refuse_body(const RequestHead& head, const Route& route) {
  if (route.body == BodyKind::none) {
    if (head.content_length > 0) return refusal(400, "unexpected_body", "this request takes no body");
    return std::nullopt;
  }
  const std::string_view wanted = wanted_type(route.body);
  if (media_type(head.content_type) != wanted) {
    return refusal(415, "wrong_content_type", "this request needs `Content-Type: " + std::string(wanted) + "`");
  }
  if (head.content_length > route.body_bytes_max) {
    return refusal(413, "body_too_large",
                   "the body has " + std::to_string(head.content_length) + " bytes; at most " +
                       std::to_string(route.body_bytes_max) + " are taken here");
  }
  return std::nullopt;
}

bool is_idempotency_key(std::string_view key) {
  constexpr std::size_t bytes_max = 64;
  return key.size() <= bytes_max && std::all_of(key.begin(), key.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
         });
}

}  // namespace

Service::Service(fleet::Operations& operations, ApiConfig config, TokenBook tokens)
    : operations_(operations), config_(std::move(config)), tokens_(std::move(tokens)) {}

std::optional<Response> Service::refuse_site(const RequestHead& head) const {
  if (!is_allowed_host(head.host, config_.allowed_hosts)) {
    return refusal(403, "wrong_host", "this server is not known by the name in the Host header");
  }
  if (!is_allowed_origin(head.origin, head.host, config_.allowed_origins)) {
    return refusal(403, "wrong_origin", "pages of that origin may not use this server");
  }
  return std::nullopt;
}

std::optional<fleet::Caller> Service::caller_of(const RequestHead& head, const Peer& peer) const {
  if (head.authorization.empty()) {
    if (!peer.local) return std::nullopt;
    return fleet::Caller{peer.principal, peer.origin, access::administrator(peer.principal), {}};
  }
  if (const auto digest = bearer_digest(head.authorization)) {
    // Both are asked, so that the time does not tell in which of them a token is.
    const auto lasting = tokens_.bearer(*digest);
    const auto stored = operations_.bearer(*digest);
    if (const auto& bearer = lasting ? lasting : stored) {
      return fleet::Caller{bearer->who.name, peer.origin, bearer->who, bearer->token};
    }
  }
  operations_.turned_away(peer.origin);
  return std::nullopt;
}

std::variant<Service::Admission, Response> Service::admit(const RequestHead& head, const Peer& peer) const {
  if (std::optional<Response> refused = refuse_site(head)) return *refused;
  const std::optional<Target> target = parse_target(head.target);
  if (!target) return refusal(400, "bad_target", "the request's path or query is malformed");

  auto found = find_route(routes(), head.method, target->segments);
  const std::optional<fleet::Caller> caller = caller_of(head, peer);
  const Match* match = std::get_if<Match>(&found);
  const bool open = match != nullptr && match->route->access == Access::open;
  if (!caller && !open) {
    Response response =
        refusal(401, "unknown_caller",
                "send `Authorization: Bearer <token>` with a token that this coordinator knows, and that has "
                "neither expired nor been revoked; the administrator's is in the file admin.token of "
                "its state directory");
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
  }
  if (const auto* other = std::get_if<NoSuchMethod>(&found)) {
    Response response = refusal(405, "wrong_method", "this path answers to " + other->allow + " only");
    response.headers.emplace_back("Allow", other->allow);
    return response;
  }
  if (match == nullptr) return refusal(404, "no_such_path", "there is nothing at this path");
  if (!is_idempotency_key(head.idempotency_key)) {
    return refusal(400, "bad_input", "Idempotency-Key takes at most 64 letters, digits and . _ -");
  }
  if (std::optional<Response> refused = refuse_body(head, *match->route)) return *refused;

  Admission admission;
  admission.route = match->route;
  admission.request = {match->parameters, target->query, head.idempotency_key, "",
                       caller.value_or(fleet::Caller{"", peer.origin})};
  admission.body_bytes = static_cast<std::size_t>(head.content_length);
  return admission;
}

void Service::run(const Route& route, const Request& request, Respond respond) const {
  try {
    route.handler(operations_, request, respond);
  } catch (const StaleEpochError&) {
    throw;
  } catch (const std::exception& error) {
    respond(response_to_error(error));
  }
}

}  // namespace switchyard::api
