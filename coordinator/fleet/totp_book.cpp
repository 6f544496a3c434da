#include "coordinator/fleet/totp_book.hpp"

#include <algorithm>
#include <set>

#include "common/crypto.hpp"
#include "common/ids.hpp"
#include "common/limits.hpp"
#include "coordinator/access/totp.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/fleet/rehearsal.hpp"

namespace switchyard::fleet {
namespace {

/// As long as the digest of HMAC-SHA1, as RFC 4226 advises.
constexpr std::size_t secret_bytes = 20;
constexpr std::size_t salt_bytes = 16;

/// Where somebody's rights are good. A local user's and a first administrator's are good everywhere.
std::string environments_of(const access::Principal& who) {
  std::set<std::string> names;
  for (const access::Grant& grant : who.grants) names.insert(grant.environment);
  std::string text;
  for (const std::string& name : names) text += name + " ";
  return text;
}

}  // namespace

std::string TotpBook::secret_of(const model::TotpRow& row) const {
  return derive_key(key_, "totp/" + row.salt + "/" + row.person).substr(0, secret_bytes);
}

bool TotpBook::is_locked(const std::string& person, const std::string& environments) {
  const auto found = wrong_.find(person);
  if (found == wrong_.end()) return false;
  WrongOfPerson& all = found->second;
  std::erase_if(all, [now = clock_.boot_ms()](const auto& entry) {
    return now - entry.second.last_boot_ms >= limits::totp_lock_ms;
  });
  unsigned count = 0;
  for (const auto& [others, wrong] : all) count += wrong.count;
  const auto own = all.find(environments);
  const bool locked =
      count >= limits::totp_wrong_of_person_max || (own != all.end() && own->second.count >= limits::totp_wrong_max);
  if (all.empty()) wrong_.erase(found);
  return locked;
}

void TotpBook::note_wrong(const std::string& person, const std::string& environments) {
  if (wrong_.size() >= limits::totp_persons_max && !wrong_.contains(person)) forget_longest_ago();
  Wrong& wrong = wrong_[person][environments];
  ++wrong.count;
  wrong.last_boot_ms = clock_.boot_ms();
}

/// Not just any: whoever waits for his own to be forgotten would choose that one.
void TotpBook::forget_longest_ago() {
  const auto last = [](const auto& entry) {
    std::int64_t last_boot_ms = 0;
    for (const auto& [environments, wrong] : entry.second) last_boot_ms = std::max(last_boot_ms, wrong.last_boot_ms);
    return last_boot_ms;
  };
  wrong_.erase(std::min_element(wrong_.begin(), wrong_.end(),
                                [&](const auto& one, const auto& other) { return last(one) < last(other); }));
}

TotpBook::Checked TotpBook::check(const Caller& caller, const std::string& code) {
  if (code.empty()) return {};
  const std::string person(access::person_of(caller.principal));
  const std::string environments = environments_of(caller.who);
  const auto row = store_.totp(person);
  if (!row || is_locked(person, environments)) return {engine::SecondFactor::wrong, {}};
  const auto step = access::totp_step_of(secret_of(*row), code, clock_.wall_ms(), row->last_step);
  if (!step) {
    note_wrong(person, environments);
    return {engine::SecondFactor::wrong, {}};
  }
  return {engine::SecondFactor::right, {store::UseTotp{person, *step}}};
}

Answer<std::string> TotpBook::enrol(const Caller& caller, const std::string& code) {
  const std::string person(access::person_of(caller.principal));
  const auto present = store_.totp(person);
  if (present && check(caller, code).second_factor != engine::SecondFactor::right) {
    return Refusal{409,
                   "enrolled_already",
                   "an app of " + person +
                       " is enrolled already: give its present code (--totp) to replace it; if it is "
                       "lost, another administrator takes it away with `switchyard totp reset " +
                       person + "`",
                   {}};
  }
  if (caller.rehearses) return rehearsed("an authenticator app of " + person + " would be enrolled");
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
  if (caller.rehearses) return rehearsed("the authenticator app of " + person + " would count no more");
  store_.commit({store::DropTotp{person}, audit_row(clock_, caller, "totp.reset", person)});
  return true;
}

}  // namespace switchyard::fleet
