#include <optional>

#include "agent/probes/credential.hpp"
#include "agent/probes/probe.hpp"
#include "agent/probes/signed_request.hpp"
#include "common/ids.hpp"

namespace switchyard::agent {
namespace {

constexpr std::size_t shown_bytes_max = 200;

struct Ask {
  const S3Account& account;
  std::int64_t now_wall_ms;
  Deadline deadline;
  const std::stop_token& stop;

  /// The body of a good answer; nothing otherwise, and `why`.
  std::optional<std::string> operator()(const std::string& method, const std::string& url, const std::string& body,
                                        std::string& why) const {
    const auto answer = ask_http(sign_request({method, url, {}, body}, account, now_wall_ms), deadline, stop, why);
    if (!answer) return std::nullopt;
    if (is_expected_status({}, answer->status)) return answer->body;
    why = method + " answered " + std::to_string(answer->status) + " " + answer->body.substr(0, shown_bytes_max);
    return std::nullopt;
  }
};

}  // namespace

ProbeTry try_storage(const protocol::StorageProbe& probe, const std::filesystem::path& credentials,
                     std::int64_t now_wall_ms, std::uint32_t timeout_ms, const std::stop_token& stop) {
  std::string why;
  const auto secret = read_credential(credentials, probe.credential, why);
  if (!secret) return not_known("the store " + probe.url + ": " + why);
  const S3Account account{probe.region, probe.access_key, *secret};
  const Ask ask{account, now_wall_ms, Deadline(timeout_ms), stop};
  const std::string object = probe.url + "/switchyard-probe-" + random_hex(8);
  const std::string content = random_hex(16);
  if (!ask("PUT", object, content, why)) return not_ok("an object could not be put: " + why);
  const auto read = ask("GET", object, "", why);
  // It is removed whatever was read.
  std::string why_not_removed;
  const bool removed = ask("DELETE", object, "", why_not_removed).has_value();
  if (!read) return not_ok("an object that was put could not be read: " + why);
  if (*read != content) return not_ok("an object was read back with another content than it was put with");
  if (!removed) return not_ok("an object could not be removed: " + why_not_removed);
  return all_ok("the store " + probe.url + " takes an object, gives it back and removes it");
}

}  // namespace switchyard::agent
