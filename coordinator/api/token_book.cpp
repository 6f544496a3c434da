#include "coordinator/api/token_book.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/crypto.hpp"
#include "common/error.hpp"
#include "common/hex.hpp"
#include "common/ids.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"

namespace switchyard::api {
namespace {

using nlohmann::json;

constexpr std::uint32_t secret_mode = 0600;
constexpr std::size_t token_bytes = 32;
constexpr std::size_t digest_bytes = 32;
constexpr std::string_view scheme = "Bearer ";

bool is_guessable(std::string_view token) { return token.size() < limits::weak_token_bytes; }

/// The secret is written before its digest: a crash in between leaves a first start that is done again.
void make_first_token(FileSystem& files, const std::filesystem::path& directory) {
  const std::string token = "syt_" + random_hex(token_bytes);
  files.write_atomically(directory / "admin.token", token + "\n", secret_mode);
  const json book = {{"tokens", json::array({{{"id", "admin"}, {"sha256", sha256_hex(token)}}})}};
  files.write_atomically(directory / "tokens.json", book.dump(2) + "\n", secret_mode);
  log::info("administrator's token made", {{"file", (directory / "admin.token").string()}});
}

[[noreturn]] void refuse_book(const std::filesystem::path& path, const std::string& why) {
  throw InputError(path.string() + ": " + why +
                   "; repair it, or remove it to have a new administrator's token made at the next start");
}

}  // namespace

TokenBook TokenBook::open(FileSystem& files, const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / "tokens.json";
  std::optional<std::string> text = files.read(path);
  if (!text) {
    make_first_token(files, directory);
    text = files.read(path);
    if (!text) refuse_book(path, "cannot be read back");
  }
  const json book = json::parse(*text, nullptr, false);
  if (!book.is_object() || !book.contains("tokens") || !book["tokens"].is_array()) {
    refuse_book(path, "is not an object with a list `tokens`");
  }
  TokenBook result;
  for (const json& token : book["tokens"]) {
    const bool texts = token.is_object() && token.contains("id") && token["id"].is_string() &&
                       token.contains("sha256") && token["sha256"].is_string();
    if (!texts) refuse_book(path, "a token lacks `id` or `sha256`");
    const auto id = token["id"].get<std::string>();
    const std::optional<std::string> digest = from_hex(token["sha256"].get<std::string>());
    if (!is_name(id)) refuse_book(path, "a token's `id` is not a name");
    if (!digest || digest->size() != digest_bytes) refuse_book(path, "`sha256` of token " + id + " is malformed");
    result.entries_.push_back({id, to_hex(*digest)});
    if (result.entries_.size() > limits::api_tokens_max) refuse_book(path, "holds too many tokens");
  }
  return result;
}

void TokenBook::add_administrators(const std::vector<std::string>& tokens) {
  for (const std::string& token : tokens) {
    const std::string digest = sha256_hex(token);
    const bool guessable = is_guessable(token);
    if (guessable) {
      log::warning("a token of DEPLOYMENT_ADMIN_TOKENS is short enough to be guessed",
                   {{"token_hash", access::token_mark(digest)}, {"characters", token.size()}});
    }
    entries_.push_back({"env-" + access::token_mark(digest), digest, guessable});
  }
}

std::optional<access::Bearer> TokenBook::bearer(const std::string& digest) const {
  const Entry* found = nullptr;
  for (const Entry& entry : entries_) {
    // Every entry is compared, so that the time does not tell which one matched.
    if (equal_in_constant_time(entry.digest, digest)) found = &entry;
  }
  if (found == nullptr) return std::nullopt;
  return access::Bearer{access::administrator("token:" + found->id), access::token_mark(digest), found->guessable};
}

std::optional<std::string> bearer_digest(std::string_view authorization) {
  if (!authorization.starts_with(scheme)) return std::nullopt;
  return sha256_hex(authorization.substr(scheme.size()));
}

bool shows_guessable_token(std::string_view authorization) {
  return authorization.starts_with(scheme) && is_guessable(authorization.substr(scheme.size()));
}

std::vector<std::string> admin_tokens_of(std::string_view value) {
  std::vector<std::string> tokens;
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    std::string_view token = value.substr(0, comma);
    while (token.starts_with(' ')) token.remove_prefix(1);
    while (token.ends_with(' ')) token.remove_suffix(1);
    if (!token.empty()) tokens.emplace_back(token);
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return tokens;
}

}  // namespace switchyard::api
