#include "agent/probes/signed_request.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>
#include <map>
#include <string_view>
#include <utility>

#include "common/crypto.hpp"
#include "common/hex.hpp"

namespace switchyard::agent {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t day_digits = 8;

/// 20260131T235959Z
std::string stamp(std::int64_t now_wall_ms) {
  const std::time_t seconds = now_wall_ms / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts)};
}

std::string lower(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

std::string signing_key(const S3Account& account, const std::string& day) {
  std::string key = "AWS4" + account.secret_key;
  for (const std::string& part : {day, account.region, std::string("s3"), std::string("aws4_request")}) {
    key = hmac_sha256(key, part);
  }
  return key;
}

}  // namespace

HttpQuestion sign_request(HttpQuestion question, const S3Account& account, std::int64_t now_wall_ms) {
  const auto url = parse_http_url(question.url);
  if (!url) return question;  // asking it will say so
  const std::string time = stamp(now_wall_ms);
  const std::string day = time.substr(0, day_digits);
  const std::string body_hash = sha256_hex(question.body);
  question.headers["Host"] = url->authority;
  question.headers["X-Amz-Content-Sha256"] = body_hash;
  question.headers["X-Amz-Date"] = time;
  std::map<std::string, std::string> sorted;
  for (const auto& [name, value] : question.headers) sorted[lower(name)] = value;
  std::string lines, names;
  for (const auto& [name, value] : sorted) {
    lines += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  const std::string canonical = question.method + "\n" + url->path + "\n\n" + lines + "\n" + names + "\n" + body_hash;
  const std::string scope = day + "/" + account.region + "/s3/aws4_request";
  const std::string to_sign = std::string(algorithm) + "\n" + time + "\n" + scope + "\n" + sha256_hex(canonical);
  question.headers["Authorization"] = std::string(algorithm) + " Credential=" + account.access_key + "/" + scope +
                                      ", SignedHeaders=" + names +
                                      ", Signature=" + to_hex(hmac_sha256(signing_key(account, day), to_sign));
  return question;
}

}  // namespace switchyard::agent
