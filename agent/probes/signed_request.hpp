#pragma once

#include <cstdint>
#include <string>

#include "agent/probes/http_exchange.hpp"

namespace switchyard::agent {

struct S3Account {
  std::string region, access_key, secret_key;
};

/// The question with its headers signed, and those added by which an S3 store knows who asks (AWS Signature Version 4);
/// the secret itself is not in them. The path may hold letters, digits, and `/ . _ -` only, and no query. Pure.
HttpQuestion sign_request(HttpQuestion question, const S3Account& account, std::int64_t now_wall_ms);

}  // namespace switchyard::agent
