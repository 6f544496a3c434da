#include "agent/probes/database_session.hpp"
#include "agent/probes/probe.hpp"

namespace switchyard::agent {

ProbeTry try_database(const protocol::DatabaseProbe& probe, const std::filesystem::path& credentials,
                      std::uint32_t timeout_ms, const std::stop_token& stop) {
  DatabaseSession session = sign_in_to(probe, credentials, timeout_ms, stop);
  if (!session.client) return session.unknown ? not_known(session.why) : not_ok(session.why);
  const std::string place = database_text(probe);
  const std::string why = session.client->ask(probe.query);
  if (!why.empty()) return not_ok(place + " did not answer `" + probe.query + "`: " + why);
  return all_ok(place + " answered `" + probe.query + "`" + (probe.tls ? " over TLS" : ""));
}

}  // namespace switchyard::agent
