#pragma once

#include <string>
#include <vector>

#include "protocol/message.hpp"
#include "protocol/zmq_curve_keys.hpp"
#include "tests/attack/attacked.hpp"

namespace switchyard::attack {

/// Keys of those who try to say what is not for them to say.
struct Parties {
  protocol::CurveKeyPair revoked;  ///< of a host that was enrolled once
  protocol::CurveKeyPair victim;   ///< of a host for which others speak
};

/// How a dial ended, for a table that people review.
std::string word_of(Outcome outcome);

/// What came back on this connection for all that was said on it; what was said has been dealt with then.
std::string answers_on(RawPeer& bulk);

/// Who may say what on the bulk channel, which has a port of its own: every message of the bus, the control channel's
/// too, by everybody who could try. What the coordinator makes of it is seen on the control channel, since on this one
/// it answers nothing but BLOB_GET.
class BulkMatrix {
 public:
  /// Both must outlive it.
  BulkMatrix(const Attacked& attacked, const Parties& parties) : attacked_(attacked), parties_(parties) {}

  std::string lines();
  /// Who said what was not for them to say: each has its row in the audit.
  const std::vector<std::string>& offenders() const { return offenders_; }

 private:
  std::string dial_with(const protocol::CurveKeyPair& keys) const;
  std::string said_by_itself(const protocol::Message& message);
  std::string said_as_another(const protocol::Message& message);
  std::string said_by_newcomer(const protocol::Message& message);

  const Attacked& attacked_;
  const Parties& parties_;
  std::vector<std::string> offenders_;
};

}  // namespace switchyard::attack
