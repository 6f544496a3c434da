// Who may say what: every message of the bus and every route of the API, against everybody who could try, at the
// program that is shipped. The outcome is tests/attack/matrix.txt, which people review: ACCEPT=1 writes it anew.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "coordinator/api/router.hpp"
#include "protocol/message_fields.hpp"
#include "tests/attack/attacked.hpp"
#include "tests/golden/sample_filler.hpp"

namespace switchyard::attack {
namespace {

constexpr uid_t nobody = 65534;

std::string word_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::let_in:
      return "LET IN";
    case Outcome::turned_away:
      return "turned away";
    case Outcome::no_answer:
      return "no answer";
  }
  return {};
}

/// Every field set. But a HELLO that says that another coordinator was obeyed would be the end of all service here.
template <class Body>
protocol::Message sample_of() {
  if constexpr (std::is_same_v<Body, protocol::Hello>) return honest_hello();
  if constexpr (std::is_same_v<Body, protocol::Enrol>) {
    return protocol::Enrol{"new-host", protocol::generate_curve_keys().public_key, "0"};
  }
  return protocol::golden::sample<Body>();
}

/// One message of every type.
template <class Visit>
void for_every_message(const Visit& visit) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (visit(sample_of<std::variant_alternative_t<I, protocol::Message>>()), ...);
  }
  (std::make_index_sequence<std::variant_size_v<protocol::Message>>{});
}

std::string name_of(const protocol::Message& message) {
  return std::string(protocol::message_name(protocol::type_of(message)));
}

/// Names of hosts have no underscore in this test.
std::string host_for(const protocol::Message& message) {
  std::string host = "own-" + name_of(message);
  for (char& c : host) c = c == '_' ? '-' : c;
  return host;
}

class Matrix : public testing::Test {
 protected:
  /// In a session of its own: is it still heard afterwards?
  std::string said_by_itself(const protocol::Message& message) {
    const std::string host = host_for(message);
    RawPeer peer = attacked.dial(attacked.enrol(host));
    if (peer.outcome() != Outcome::let_in || !peer.greet()) return "NO SESSION";
    peer.say(message);
    if (peer.is_heard()) return "heard";
    audited_.push_back(host);
    return "session dropped";
  }

  /// With the key of another agent, its routing id and its session: what the victim notices.
  std::string said_as_another(const protocol::Message& message, const protocol::CurveKeyPair& thief_keys) {
    RawPeer victim = attacked.dial(victim_keys_, "victim");
    if (victim.outcome() != Outcome::let_in || !victim.greet()) return "NO VICTIM";
    RawPeer thief = attacked.dial(thief_keys, "victim");
    if (thief.outcome() != Outcome::let_in) return "turned away";
    thief.session = victim.session;
    thief.say(message);
    if (!victim.is_heard()) return "THE OTHER LOST ITS SESSION";
    return thief.is_heard(quiet_ms) ? "heard as itself" : "not heard";
  }

  /// With the key of an enrolment token.
  std::string said_by_newcomer(const protocol::Message& message) {
    const bool expects = std::holds_alternative<protocol::Enrol>(message);
    // One token for all that is not answered: the audit has one row for each source, and not many in an hour.
    RawPeer newcomer = attacked.dial(expects ? attacked.token_keys("new-host") : newcomer_keys_);
    if (newcomer.outcome() != Outcome::let_in) return "turned away";
    newcomer.say(message);
    const auto answer = newcomer.hear(expects ? patience_ms : quiet_ms);
    if (!answer) return "not heard";
    return "answered " + name_of(*answer);
  }

  std::string dial_with(const protocol::CurveKeyPair& keys) {
    RawPeer peer = attacked.dial(keys);
    return word_of(peer.outcome());
  }

  std::string bus_lines() {
    const protocol::CurveKeyPair revoked = attacked.enrol("revoked");
    const protocol::CurveKeyPair thief = attacked.enrol("thief");
    victim_keys_ = attacked.enrol("victim");
    newcomer_keys_ = attacked.token_keys("another-host");
    EXPECT_EQ(attacked.ask("POST", "/v1/agents/revoked/revoke", "{}").status, 200);
    std::string lines;
    for_every_message([&](const protocol::Message& message) {
      // A key decides at the handshake, before any message: each dial is an attempt of its own all the same.
      lines += name_of(message);
      lines += "\n  no key: " + word_of(dial_in_clear(attacked.endpoint().control_address()));
      lines += "\n  unknown key: " + dial_with(protocol::generate_curve_keys());
      lines += "\n  revoked key: " + dial_with(revoked);
      lines += "\n  another agent's key: " + said_as_another(message, thief);
      lines += "\n  an enrolment key: " + said_by_newcomer(message);
      lines += "\n  its own key: " + said_by_itself(message) + "\n";
    });
    return lines;
  }

  std::string whole_audit() {
    std::string all;
    for (std::uint64_t after = 0;;) {
      const std::string page = attacked.ask("GET", "/v1/audit?limit=100&after=" + std::to_string(after)).body;
      const std::size_t last = page.rfind("\"seq\":");
      if (last == std::string::npos) return all;
      after = std::strtoull(page.c_str() + last + 6, nullptr, 10);
      all += page;
    }
  }

  /// Rows about strangers and offenders are written every few seconds.
  void expect_audited() {
    std::vector<std::string> wanted = {"\"object\":\"enrol:", "connection.refuse"};
    for (const std::string& host : audited_) {
      wanted.push_back("\"object\":\"" + host + "\",\"operation\":\"message.refuse\"");
    }
    std::string rows;
    const auto missing = [&] {
      std::string all;
      for (const std::string& row : wanted) all += rows.find(row) == std::string::npos ? row + "\n" : "";
      return all;
    };
    for (int tries = 0; tries < 150; ++tries) {
      rows = whole_audit();
      if (missing().empty()) return;
      ::usleep(100'000);
    }
    ADD_FAILURE() << "the audit does not say: " << missing();
  }

  Attacked attacked;
  protocol::CurveKeyPair victim_keys_, newcomer_keys_;
  std::vector<std::string> audited_;
};

std::string word_of(const HttpAnswer& answer) {
  if (answer.status == 0) return "no connection";
  // The same door: who tries tokens out is told to wait.
  if (answer.status == 429) return "401";
  if (answer.status == 401 || answer.status == 403) return std::to_string(answer.status);
  return "let in";
}

/// Parameters of the path by things that do not exist.
std::string path_of(const api::Route& route) {
  std::string path(route.path);
  for (const auto& [parameter, value] : {std::pair<std::string, std::string>{"{release}", std::string(64, 'a')},
                                         {"{index}", "0"},
                                         {"{id}", "d-0123456789abcdef"},
                                         {"{host}", "absent"},
                                         {"{token}", "0123456789ab"},
                                         {"{person}", "nobody"}}) {
    const std::size_t at = path.find(parameter);
    if (at != std::string::npos) path.replace(at, parameter.size(), value);
  }
  EXPECT_EQ(path.find('{'), std::string::npos) << path;
  return path;
}

/// The same request by another user of this machine. -1: it could not be tried.
int status_as_nobody(const std::filesystem::path& socket, const std::string& method, const std::string& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(nobody) != 0 || ::setuid(nobody) != 0) ::_exit(255);
    const HttpAnswer answer = converse(connect_unix(socket), method, path, {}, "");
    ::_exit(answer.status / 100);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) != 255 ? WEXITSTATUS(status) : -1;
}

std::string http_lines(const Attacked& attacked) {
  std::string lines;
  for (const api::Route& route : api::routes()) {
    const std::string method(api::method_name(route.method));
    const std::string path = path_of(route);
    const std::string body = route.body == api::BodyKind::none ? "" : "{}";
    const auto over_tcp = [&](const std::string& headers) {
      return word_of(converse(connect_tcp(attacked.http_port()), method, path, headers, body));
    };
    lines += method + " " + std::string(route.path);
    lines += "\n  no token: " + over_tcp({});
    lines += "\n  bad token: " + over_tcp("Authorization: Bearer " + std::string(64, 'x') + "\r\n");
    lines += "\n  admin token: " + over_tcp("Authorization: Bearer " + attacked.admin_token() + "\r\n");
    lines += "\n  admin token, another site: " +
             over_tcp("Authorization: Bearer " + attacked.admin_token() + "\r\nOrigin: https://evil.example\r\n");
    const int as_nobody = status_as_nobody(attacked.socket(), method, path);
    lines += std::string("\n  unix socket, another user: ") + (as_nobody == 0 ? "no connection" : "CONNECTED");
    lines += "\n  unix socket, root: " + word_of(attacked.ask(method, path, body)) + "\n";
  }
  return lines;
}

TEST_F(Matrix, IsAsReviewed) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  const std::string now =
      "# Messages of the bus on the control channel\n" + bus_lines() + "\n# Routes of the API\n" + http_lines(attacked);
  const std::filesystem::path file = std::filesystem::path(SWITCHYARD_SOURCE_DIR) / "tests/attack/matrix.txt";
  if (std::getenv("ACCEPT") != nullptr) std::ofstream(file) << now;
  std::stringstream accepted;
  accepted << std::ifstream(file).rdbuf();
  EXPECT_EQ(now, accepted.str()) << "somebody may do something else than what was reviewed";
  EXPECT_EQ(now.find("CONNECTED"), std::string::npos);
  EXPECT_EQ(now.find("LET IN"), std::string::npos);
  expect_audited();
}

}  // namespace
}  // namespace switchyard::attack
