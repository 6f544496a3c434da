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
#include "tests/attack/attacked.hpp"
#include "tests/attack/bulk_matrix.hpp"
#include "tests/attack/every_message.hpp"
#include "tests/attack/role_tokens.hpp"
#include "tests/support/source_tree.hpp"

namespace switchyard::attack {
namespace {

constexpr uid_t nobody = 65534;

class Matrix : public ::testing::Test {
 protected:
  /// In a session of its own: is it still heard afterwards?
  std::string said_by_itself(const protocol::Message& message) {
    const std::string host = host_for("own-", message);
    RawPeer peer = attacked.dial(attacked.enrol(host));
    if (peer.outcome() != Outcome::let_in || !peer.greet()) return "NO SESSION";
    peer.say(message);
    if (peer.is_heard()) return "heard";
    audited_.push_back(host);
    return "session dropped";
  }

  /// With the key of another agent, which has a session of its own: in the session of the victim, and under its routing
  /// id too. What the victim notices, and what becomes of the thief.
  std::string said_as_another(const protocol::Message& message) {
    RawPeer victim = attacked.dial(parties.victim, "victim");
    if (victim.outcome() != Outcome::let_in || !victim.greet()) return "NO VICTIM";
    const std::string host = host_for("thief-", message);
    const protocol::CurveKeyPair keys = attacked.enrol(host);
    RawPeer thief = attacked.dial(keys);
    if (thief.outcome() != Outcome::let_in || !thief.greet()) return "NO THIEF";
    // libzmq takes nothing from a second connection with the same routing id.
    RawPeer namesake = attacked.dial(keys, "victim");
    namesake.session = victim.session;
    namesake.say(message);
    if (namesake.hear(quiet_ms)) return "THE OTHER HAS A NAMESAKE";
    if (!thief.is_heard()) return "NO THIEF";
    const std::string own = std::exchange(thief.session, victim.session);
    thief.say(message);
    thief.session = own;
    const bool goes_on = thief.is_heard();
    if (!victim.is_heard()) return "THE OTHER LOST ITS SESSION";
    if (goes_on) return "STILL IN ITS SESSION";
    audited_.push_back(host);
    return "its own session dropped";
  }

  /// With the key of an enrolment token.
  std::string said_by_newcomer(const protocol::Message& message) {
    const bool expects = std::holds_alternative<protocol::Enrol>(message);
    // What is answered is ENROL: then there is a host of this name, and no other token for it.
    const TokenKeys token = attacked.token(expects ? "new-host" : "another-host");
    RawPeer newcomer = attacked.dial(token.keys);
    if (newcomer.outcome() != Outcome::let_in) return "turned away";
    newcomer.say(message);
    const auto answer = newcomer.hear(expects ? patience_ms : quiet_ms);
    if (answer) return "answered " + name_of(*answer);
    audited_.push_back(token.peer);
    return "not heard";
  }

  std::string dial_with(const protocol::CurveKeyPair& keys) {
    RawPeer peer = attacked.dial(keys);
    return word_of(peer.outcome());
  }

  void enrol_parties() {
    parties = {attacked.enrol("revoked"), attacked.enrol("victim")};
    EXPECT_EQ(attacked.ask("POST", "/v1/agents/revoked/revoke", "{}").status, 200);
  }

  std::string control_lines() {
    std::string lines;
    for_every_message([&](const protocol::Message& message) {
      // A key decides at the handshake, before any message: each dial is an attempt of its own all the same.
      lines += name_of(message);
      lines += "\n  no key: " + word_of(dial_in_clear(attacked.endpoint().control_address()));
      lines += "\n  unknown key: " + dial_with(protocol::generate_curve_keys());
      lines += "\n  revoked key: " + dial_with(parties.revoked);
      lines += "\n  another agent's key: " + said_as_another(message);
      lines += "\n  an enrolment key: " + said_by_newcomer(message);
      lines += "\n  its own key: " + said_by_itself(message) + "\n";
    });
    return lines;
  }

  std::string bulk_lines() {
    BulkMatrix bulk(attacked, parties);
    std::string lines = bulk.lines();
    audited_.insert(audited_.end(), bulk.offenders().begin(), bulk.offenders().end());
    return lines;
  }

  /// What is no message at all, by who has a key.
  std::string bad_frame_lines() {
    std::string newer = protocol::encode({.session = std::string(16, 'n'), .message = protocol::Ping{1, {}}});
    newer[4] = '\x7f';  // the type
    const std::vector<std::pair<std::string, std::vector<std::string>>> all = {
        {"empty", {""}},
        {"junk", {"junk"}},
        {"cut-short", {newer.substr(0, newer.size() / 2)}},
        {"several-parts", {newer, newer}},
        {"of-a-newer-version", {newer}},
    };
    std::string lines;
    for (const auto& [name, parts] : all) {
      lines += name;
      const TokenKeys token = attacked.token("another-host");
      RawPeer newcomer = attacked.dial(token.keys);
      if (newcomer.outcome() != Outcome::let_in) return "NO SESSION";
      newcomer.say_parts(parts);
      lines += std::string("\n  an enrolment key: ") + (newcomer.hear(quiet_ms) ? "ANSWERED" : "not heard");
      if (name != "of-a-newer-version") audited_.push_back(token.peer);
      for (const bool bulk : {false, true}) {
        const std::string host = (bulk ? "bulk-" : "own-") + name;
        const protocol::CurveKeyPair keys = attacked.enrol(host);
        RawPeer peer = attacked.dial(keys);
        if (peer.outcome() != Outcome::let_in || !peer.greet()) return "NO SESSION";
        RawPeer beside = attacked.dial_bulk(keys);
        if (beside.outcome() != Outcome::let_in) return "NO SESSION";
        (bulk ? beside : peer).say_parts(parts);
        // Of the two channels, which overtakes the other is not said.
        if (bulk) answers_on(beside);
        const bool goes_on = peer.is_heard();
        if (!goes_on) audited_.push_back(host);
        lines += std::string("\n  its own key, on the ") + (bulk ? "bulk" : "control") + " channel: ";
        lines += goes_on ? "passed over" : "session dropped";
      }
      lines += "\n";
    }
    return lines;
  }

  /// Rows about strangers and offenders are written every few seconds. Of whom a key tells, each cell has its own; of
  /// dials that were turned away there is one row for an address, with their number.
  void expect_audited() {
    std::vector<std::string> wanted = {"\"operation\":\"connection.refuse\"",
                                       "\"object\":\"revoked\",\"operation\":\"agent.refuse\""};
    for (const std::string& peer : audited_) {
      wanted.push_back("\"object\":\"" + peer + "\",\"operation\":\"message.refuse\"");
    }
    std::string rows;
    const auto missing = [&] {
      std::string all;
      for (const std::string& row : wanted) all += rows.find(row) == std::string::npos ? row + "\n" : "";
      return all;
    };
    for (int tries = 0; tries < 150; ++tries) {
      rows = attacked.whole_audit();
      if (missing().empty()) return;
      ::usleep(100'000);
    }
    ADD_FAILURE() << "the audit does not say: " << missing();
  }

  Attacked attacked;
  /// It starts the program anew, so before anybody is connected.
  const RoleTokens tokens{attacked};
  Parties parties;
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
                                         {"{person}", "nobody"},
                                         {"{environment}", "absent"},
                                         {"{check}", "absent"},
                                         {"{name}", "ABSENT"}}) {
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

/// By people who have no token, a wrong one, or the administrator's.
std::string lines_of_callers(const Attacked& attacked, const api::Route& route) {
  const std::string method(api::method_name(route.method));
  const std::string path = path_of(route);
  const std::string body = route.body == api::BodyKind::none ? "" : "{}";
  const auto over_tcp = [&](const std::string& headers) {
    return word_of(converse(connect_tcp(attacked.http_port()), method, path, headers, body));
  };
  std::string lines = "\n  no token: " + over_tcp({});
  lines += "\n  bad token: " + over_tcp("Authorization: Bearer " + std::string(64, 'x') + "\r\n");
  lines += "\n  admin token: " + over_tcp("Authorization: Bearer " + attacked.admin_token() + "\r\n");
  lines += "\n  admin token, another site: " +
           over_tcp("Authorization: Bearer " + attacked.admin_token() + "\r\nOrigin: https://evil.example\r\n");
  const int as_nobody = status_as_nobody(attacked.socket(), method, path);
  lines += std::string("\n  unix socket, another user: ") + (as_nobody == 0 ? "no connection" : "CONNECTED");
  lines += "\n  unix socket, root: " + word_of(attacked.ask(method, path, body));
  return lines;
}

/// By every role, and as the reviewed table of the unit tests has it: that one is about the same door without a
/// program around it.
std::string lines_of_roles(const RoleTokens& tokens, const api::Route& route, const std::string& table) {
  const std::string name = std::string(api::method_name(route.method)) + " " + std::string(route.path);
  std::string lines;
  const auto add = [&](const std::string& what, bool overriding_freeze) {
    const std::vector<std::string> cells = tokens.cells(route, overriding_freeze);
    const std::string row = RoleTokens::table_row(name + what, cells);
    EXPECT_NE(table.find("\n" + row + "\n"), std::string::npos) << row << "\nis not in tests/golden/access/routes.txt";
    lines += RoleTokens::matrix_lines(what, cells);
  };
  add("", false);
  if (name == "POST /v1/deployments") add(" with override_freeze", true);
  return lines;
}

std::string text_of_tree(const char* path) {
  std::stringstream text;
  text << std::ifstream(testing::source_tree() / path).rdbuf();
  return text.str();
}

std::string http_lines(const Attacked& attacked, const RoleTokens& tokens) {
  const std::string table = text_of_tree("tests/golden/access/routes.txt");
  std::string lines;
  for (const api::Route& route : api::routes()) {
    lines += std::string(api::method_name(route.method)) + " " + std::string(route.path);
    lines += lines_of_callers(attacked, route) + lines_of_roles(tokens, route, table) + "\n";
  }
  return lines;
}

TEST_F(Matrix, IsAsReviewed) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  enrol_parties();
  std::string now = "# Messages of the bus on the control channel\n" + control_lines();
  now += "\n# Messages of the bus on the bulk channel\n" + bulk_lines();
  now += "\n# Frames that hold no message\n" + bad_frame_lines();
  now +=
      "\n# Routes of the API. Tokens: p with the role in production, where it is acted; s in staging; * everywhere; "
      "- never\n" +
      http_lines(attacked, tokens);
  const char* file = "tests/attack/matrix.txt";
  if (std::getenv("ACCEPT") != nullptr) std::ofstream(testing::source_tree() / file) << now;
  EXPECT_EQ(now, text_of_tree(file)) << "somebody may do something else than what was reviewed";
  for (const char* hole : {"CONNECTED", "LET IN", "THE OTHER", "NO VICTIM", "NO THIEF", "NO SESSION", "STILL",
                           "ANSWERED", "BLOB WITH BYTES", "ENROLLED", "!", "?"}) {
    EXPECT_EQ(now.find(hole), std::string::npos) << hole;
  }
  expect_audited();
}

}  // namespace
}  // namespace switchyard::attack
