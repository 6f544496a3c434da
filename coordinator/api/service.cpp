#include "coordinator/api/service.hpp"

#include <algorithm>
#include <cctype>

#include "common/error.hpp"
#include "common/limits.hpp"
#include "coordinator/api/failure.hpp"
#include "coordinator/api/site_check.hpp"
#include "coordinator/fleet/refusal_book.hpp"

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

Response refuse_stranger(std::int64_t wait_ms) {
  if (wait_ms > 0) {
    const std::string seconds = std::to_string((wait_ms + 999) / 1'000);
    Response response =
        refusal(429, "too_many_wrong_tokens",
                "wrong tokens come again and again, this one or others from the same source: ask again in " + seconds +
                    " s, with a token that this coordinator knows, and that has neither expired nor been revoked");
    response.headers.emplace_back("Retry-After", seconds);
    return response;
  }
  Response response = refusal(401, "unknown_caller",
                              "send `Authorization: Bearer <token>` with a token that this coordinator knows, and that "
                              "has neither expired nor been revoked; the administrator's is in the file admin.token of "
                              "its state directory");
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

/// What changes something takes no other key in its query: a mistyped one must not be done in earnest.
std::variant<bool, Response> wants_rehearsal(Method method, const std::map<std::string, std::string>& query) {
  if (method == Method::get) return false;
  bool rehearses = false;
  for (const auto& [key, value] : query) {
    if (key != "dry_run") return refusal(400, "bad_input", "unknown key `" + key.substr(0, 64) + "` in the query");
    if (value != "true" && value != "false") {
      return refusal(400, "bad_input", "the query's `dry_run` is either `true` or `false`");
    }
    rehearses = value == "true";
  }
  return rehearses;
}

bool is_idempotency_key(std::string_view key) {
  return key.size() <= limits::idempotency_key_bytes_max && std::all_of(key.begin(), key.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
         });
}

}  // namespace

Service::Service(fleet::Operations& operations, ApiConfig config, TokenBook tokens, const Clock& clock)
    : operations_(operations), config_(std::move(config)), tokens_(std::move(tokens)), wrong_tokens_(clock) {}

std::optional<Response> Service::refuse_site(const RequestHead& head) const {
  if (!is_allowed_host(head.host, config_.allowed_hosts)) {
    return refusal(403, "wrong_host", "this server is not known by the name in the Host header");
  }
  if (!is_allowed_origin(head.origin, head.host, config_.allowed_origins)) {
    return refusal(403, "wrong_origin", "pages of that origin may not use this server");
  }
  return std::nullopt;
}

std::optional<access::Bearer> Service::bearer(const std::string& digest) const {
  // Both are asked, so that the time does not tell in which of them a token is.
  const auto lasting = tokens_.bearer(digest);
  const auto stored = operations_.bearer(digest);
  return lasting ? lasting : stored;
}

std::variant<fleet::Caller, Service::Stranger> Service::caller_of(const RequestHead& head, const Peer& peer) {
  if (head.authorization.empty()) {
    if (!peer.local) return Stranger{};
    return fleet::Caller{peer.principal, peer.origin, access::administrator(peer.principal), {}};
  }
  // What is no bearer token is wrong too, and each is as wrong as the other.
  const std::string digest = bearer_digest(head.authorization).value_or("");
  const std::string source = peer.local ? peer.principal : fleet::without_port(peer.origin);
  const std::int64_t source_wait_ms = wrong_tokens_.source_wait_ms(source);
  const std::int64_t token_wait_ms = wrong_tokens_.token_wait_ms(digest);
  if (token_wait_ms == 0 && !digest.empty()) {
    const auto found = bearer(digest);
    // While somebody tries from there, a guess that is right must look like one that is wrong.
    const bool held_back = found && found->guessable && source_wait_ms > 0;
    if (found && !held_back) return fleet::Caller{found->who.name, peer.origin, found->who, found->token};
  }
  if (shows_guessable_token(head.authorization)) {
    wrong_tokens_.note_guess(source);
  } else {
    wrong_tokens_.note(source, digest);
  }
  operations_.turned_away(peer.origin);
  return Stranger{std::max(source_wait_ms, token_wait_ms)};
}

std::variant<Service::Admission, Response> Service::admit(const RequestHead& head, const Peer& peer) {
  if (std::optional<Response> refused = refuse_site(head)) return *refused;
  const std::optional<Target> target = parse_target(head.target);
  if (!target) return refusal(400, "bad_target", "the request's path or query is malformed");

  auto found = find_route(routes(), head.method, target->segments);
  const auto asking = caller_of(head, peer);
  const auto* caller = std::get_if<fleet::Caller>(&asking);
  const Match* match = std::get_if<Match>(&found);
  const bool open = match != nullptr && match->route->access == Access::open;
  if (caller == nullptr && !open) return refuse_stranger(std::get<Stranger>(asking).wait_ms);
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

  const auto rehearses = wants_rehearsal(head.method, target->query);
  if (const auto* refused = std::get_if<Response>(&rehearses)) return *refused;

  Admission admission;
  admission.route = match->route;
  admission.request = {match->parameters, target->query, head.idempotency_key, "",
                       caller != nullptr ? *caller : fleet::Caller{"", peer.origin}};
  admission.request.caller.rehearses = std::get<bool>(rehearses);
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
