#include "coordinator/fleet/totp_book.hpp"

#include "common/crypto.hpp"
#include "common/ids.hpp"
#include "common/limits.hpp"
#include "coordinator/access/totp.hpp"
#include "coordinator/fleet/audit.hpp"

namespace switchyard::fleet {
namespace {

/// As long as the digest of HMAC-SHA1, as RFC 4226 advises.
constexpr std::size_t secret_bytes = 20;
constexpr std::size_t salt_bytes = 16;

}  // namespace

std::string TotpBook::secret_of(const model::TotpRow& row) const {
  return derive_key(key_, "totp/" + row.salt + "/" + row.person).substr(0, secret_bytes);
}

bool TotpBook::is_locked(const std::string& person) {
  const auto found = wrong_.find(person);
  if (found == wrong_.end()) return false;
  if (clock_.boot_ms() - found->second.since_boot_ms >= limits::totp_lock_ms) {
    wrong_.erase(found);
    return false;
  }
  return found->second.count >= limits::totp_wrong_max;
}

void TotpBook::note_wrong(const std::string& person) {
  if (wrong_.size() >= limits::totp_persons_max && !wrong_.contains(person)) wrong_.erase(wrong_.begin());
  Wrong& wrong = wrong_[person];
  ++wrong.count;
  wrong.since_boot_ms = clock_.boot_ms();
}

TotpBook::Checked TotpBook::check(const std::string& principal, const std::string& code) {
  if (code.empty()) return {};
  const std::string person(access::person_of(principal));
  const auto row = store_.totp(person);
  if (!row || is_locked(person)) return {engine::SecondFactor::wrong, {}};
  const auto step = access::totp_step_of(secret_of(*row), code, clock_.wall_ms(), row->last_step);
  if (!step) {
    note_wrong(person);
    return {engine::SecondFactor::wrong, {}};
  }
  return {engine::SecondFactor::right, {store::UseTotp{person, *step}}};
}

Answer<std::string> TotpBook::enrol(const Caller& caller, const std::string& code) {
  const std::string person(access::person_of(caller.principal));
  const auto present = store_.totp(person);
  if (present && check(caller.principal, code).second_factor != engine::SecondFactor::right) {
    return Refusal{409,
                   "enrolled_already",
                   "an app of " + person +
                       " is enrolled already: give its present code (--totp) to replace it; if it is "
                       "lost, another administrator takes it away with `switchyard totp reset " +
                       person + "`",
                   {}};
  }
  model::TotpRow row;
  row.person = person;
  row.salt = random_hex(salt_bytes);
  row.enrolled_wall_ms = clock_.wall_ms();
  // The code that let the old app go shall not count for the new one.
  row.last_step = present ? present->last_step : 0;
  store_.commit({store::PutTotp{row}, audit_row(clock_, caller, "totp.enrol", person)});
  wrong_.erase(person);
  return access::otpauth_uri(secret_of(row), person);
}

Answer<bool> TotpBook::reset(const Caller& caller, const std::string& person) {
  if (access::person_of(caller.principal) == person) {
    return Refusal{409,
                   "own_app",
                   "nobody takes his own app away: whoever stole a token could too. Another administrator can, or "
                   "root on the coordinator's machine",
                   {}};
  }
  if (!store_.totp(person)) {
    return Refusal{404, "not_enrolled", "no authenticator app of `" + person + "` is enrolled", {}};
  }
  store_.commit({store::DropTotp{person}, audit_row(clock_, caller, "totp.reset", person)});
  return true;
}

}  // namespace switchyard::fleet
