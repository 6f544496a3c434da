#include "coordinator/fleet/api_token_book.hpp"

#include <algorithm>

#include "common/crypto.hpp"
#include "common/ids.hpp"
#include "common/limits.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/fleet/rehearsal.hpp"

namespace switchyard::fleet {
namespace {

constexpr std::size_t token_bytes = 32;

access::Principal principal_of(const model::ApiTokenRow& row) {
  return {"token:" + row.name, row.kind, {{row.role, row.environment}}};
}

}  // namespace

void ApiTokenBook::load() {
  good_ = store_.api_tokens();
  for (const model::ApiTokenRow& row : good_) ids_.insert(row.id);
  std::erase_if(good_, [now = clock_.wall_ms()](const model::ApiTokenRow& row) {
    return row.revoked_wall_ms != 0 || row.expires_wall_ms <= now;
  });
}

std::optional<access::Bearer> ApiTokenBook::bearer(const std::string& digest) const {
  const model::ApiTokenRow* found = nullptr;
  for (const model::ApiTokenRow& row : good_) {
    // Every row is compared, so that the time does not tell which one matched.
    if (equal_in_constant_time(row.digest, digest)) found = &row;
  }
  if (found == nullptr || found->expires_wall_ms <= clock_.wall_ms()) return std::nullopt;
  return access::Bearer{principal_of(*found), found->id};
}

std::optional<Refusal> ApiTokenBook::refuse_ended(const Caller& caller) const {
  // By the unix socket, or with a token that is not of the store: those last as long as the process.
  if (!ids_.contains(caller.token)) return std::nullopt;
  const bool good = std::any_of(good_.begin(), good_.end(), [&](const model::ApiTokenRow& row) {
    return row.id == caller.token && row.expires_wall_ms > clock_.wall_ms();
  });
  if (good) return std::nullopt;
  return Refusal{401, "unknown_caller", "the token " + caller.token + " has expired or was revoked meanwhile", {}};
}

std::optional<Refusal> ApiTokenBook::refuse(const ApiTokenRequest& request) const {
  if (!is_name(request.name)) {
    return Refusal{400, "bad_name", "'" + request.name + "' is no name: a-z, 0-9, '.', '_', '-', at most 64", {}};
  }
  if (request.environment != access::every_environment && !is_name(request.environment)) {
    return Refusal{400,
                   "bad_name",
                   "'" + request.environment + "' is neither the name of an environment nor `*`, which is all of them",
                   {}};
  }
  if (auto why = access::refuse_role(request.kind, request.role)) return Refusal{422, "role_of_persons", *why, {}};
  const bool too_short = request.life_ms != 0 && request.life_ms < limits::api_token_life_ms_min;
  if (too_short || request.life_ms > limits::api_token_life_ms_max) {
    return Refusal{400,
                   "bad_life",
                   "a token lives between " + std::to_string(limits::api_token_life_ms_min / 60'000) + " minute and " +
                       std::to_string(limits::api_token_life_ms_max / 86'400'000) + " days",
                   {}};
  }
  if (good_.size() >= limits::api_tokens_max) {
    return Refusal{409,
                   "too_many_tokens",
                   "there are " + std::to_string(limits::api_tokens_max) +
                       " API tokens already; revoke those that nobody needs (`switchyard tokens list`)",
                   {}};
  }
  return std::nullopt;
}

Answer<ApiTokenMade> ApiTokenBook::create(const Caller& caller, const ApiTokenRequest& request) {
  load();  // what has expired since makes room
  if (auto refusal = refuse(request)) return *refusal;
  if (caller.rehearses) return rehearsed("a token of `" + request.name + "` would be made");
  ApiTokenMade made;
  made.token = "syt_" + random_hex(token_bytes);
  model::ApiTokenRow& row = made.row;
  row.digest = sha256_hex(made.token);
  row.id = access::token_mark(row.digest);
  row.name = request.name;
  row.kind = request.kind;
  row.role = request.role;
  row.environment = request.environment;
  row.created_by = caller.principal;
  row.created_wall_ms = clock_.wall_ms();
  row.expires_wall_ms =
      row.created_wall_ms + (request.life_ms == 0 ? limits::api_token_life_ms_default : request.life_ms);
  store_.commit({store::AddApiToken{row}, audit_row(clock_, caller, "api_token.create", row.id, {},
                                                    {{"name", row.name},
                                                     {"kind", std::string(access::kind_name(row.kind))},
                                                     {"role", std::string(access::role_name(row.role))},
                                                     {"environment", row.environment}})});
  good_.push_back(row);
  ids_.insert(row.id);
  return made;
}

Answer<bool> ApiTokenBook::revoke(const Caller& caller, const std::string& id) {
  const auto found =
      std::find_if(good_.begin(), good_.end(), [&](const model::ApiTokenRow& row) { return row.id == id; });
  if (found == good_.end()) {
    return Refusal{404,
                   "unknown_token",
                   "there is no API token " + id + " that is still good; `switchyard tokens list` shows them",
                   {}};
  }
  if (caller.rehearses) return rehearsed("the token " + id + " of `" + found->name + "` would be revoked");
  store_.commit({store::RevokeApiToken{id, clock_.wall_ms()},
                 audit_row(clock_, caller, "api_token.revoke", id, {},
                           {{"name", found->name}, {"environment", found->environment}})});
  good_.erase(found);
  return true;
}

}  // namespace switchyard::fleet
