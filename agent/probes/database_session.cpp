#include "agent/probes/database_session.hpp"

#include <utility>

#include "agent/probes/credential.hpp"

namespace switchyard::agent {
namespace {

DatabaseSession not_signed_in(std::string why, bool unknown = false) {
  DatabaseSession session;
  session.why = std::move(why);
  session.unknown = unknown;
  return session;
}

}  // namespace

std::string database_text(const protocol::DatabaseProbe& probe) {
  return "the database " + probe.database + " on " + probe.host + " port " + std::to_string(probe.port);
}

DatabaseSession sign_in_to(const protocol::DatabaseProbe& probe, const std::filesystem::path& credentials,
                           std::uint32_t timeout_ms, const std::stop_token& stop) {
  const std::string place = database_text(probe);
  DatabaseSession session;
  std::string why;
  if (!probe.credential.empty()) {
    session.password = read_credential(credentials, probe.credential, why);
    if (!session.password) return not_signed_in(place + ": " + why, true);
  }
  std::optional<TlsSession> tls;
  if (probe.tls) {
    tls = TlsSession::begin(*probe.tls, probe.host, why);
    if (!tls) return not_signed_in(place + ": " + why, true);
  }
  auto socket = DeadlineSocket::connect(probe.host, probe.port, Deadline(timeout_ms), stop, why);
  if (!socket) return not_signed_in("cannot connect to " + place + ": " + why);
  PostgresClient client(std::move(*socket));
  if (tls) {
    why = client.start_tls(std::move(*tls));
    if (!why.empty()) return not_signed_in("no TLS with " + place + ": " + why);
  }
  why = client.sign_in(probe.user, probe.database, session.password);
  if (!why.empty()) return not_signed_in(place + " did not let " + probe.user + " in: " + why);
  session.client.emplace(std::move(client));
  return session;
}

}  // namespace switchyard::agent
