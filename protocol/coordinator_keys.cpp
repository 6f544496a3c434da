#include "protocol/coordinator_keys.hpp"

#include "common/hex.hpp"
#include "protocol/enrolment.hpp"
#include "protocol/pack.hpp"

namespace switchyard::protocol {
namespace {

constexpr std::size_t plan_key_bytes = 32;
constexpr std::size_t name_digits = 12;

/// The purpose goes first, so that no signature of something else can be taken for one of these.
std::string statement(const CoordinatorKeys& keys) {
  Packer out;
  out.array(3);
  out.text("switchyard coordinator keys 1");
  out.text(keys.server_public_key);
  out.bytes(keys.plan_public_key);
  return sha256(out.take());
}

}  // namespace

std::string keys_digest(const CoordinatorKeys& keys) { return statement(keys); }

std::string keys_name(const CoordinatorKeys& keys) { return to_hex(statement(keys)).substr(0, name_digits); }

NextKeys announce_keys(const CoordinatorKeys& next, const SigningKeyPair& present) {
  return {next.server_public_key, next.plan_public_key, sign(present, statement(next))};
}

bool is_announced(const NextKeys& next, std::string_view present_plan_public_key) {
  if (!is_curve_key(next.server_public_key) || next.plan_public_key.size() != plan_key_bytes) return false;
  const CoordinatorKeys keys{next.server_public_key, next.plan_public_key};
  return verify_signature(present_plan_public_key, statement(keys), next.signature);
}

}  // namespace switchyard::protocol
