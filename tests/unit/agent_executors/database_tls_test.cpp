// TLS to a real PostgreSQL with a certificate of our own making.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tests/unit/agent_executors/http_server.hpp"
#include "tests/unit/agent_executors/integrity_fixture.hpp"

namespace switchyard::agent::testing {
namespace {

using protocol::TlsDemand;
using protocol::TlsMode;

/// Has no answer in clear.
const std::string asks_whether_tls =
    "SELECT 1 / (SELECT count(*) FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl)";

class DatabaseTls : public Database {
 protected:
  void SetUp() override {
    Database::SetUp();
    if (IsSkipped()) return;
    for (const char* place : {"pg", "tls"}) std::filesystem::create_directory(scratch / place);
    give_away(scratch / "tls");
    write_secret(credentials / "keeper", "correct horse");
  }
  std::string file(const std::string& name) const { return (scratch / "tls" / name).string(); }
  /// A certificate that is its own authority: `name`.pem and `name`.key.
  void make_certificate(const std::string& name, const std::string& hosts) const {
    ASSERT_EQ(RealServer::run({"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                               "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", file(name + ".key"), "-out",
                               file(name + ".pem"), "-days", "2", "-subj", "/CN=" + name, "-addext",
                               "subjectAltName=" + hosts}),
              0);
  }
  /// It listens on two addresses, and is certified for one.
  void start_server() {
    make_certificate("server", "DNS:localhost,IP:127.0.0.1");
    server_ = std::make_unique<Postgres>(
        scratch / "pg", "scram-sha-256",
        std::vector<std::string>{"-c", "listen_addresses=127.0.0.1,127.0.0.2", "-c", "ssl=on", "-c",
                                 "ssl_cert_file=" + file("server.pem"), "-c", "ssl_key_file=" + file("server.key")});
  }
  ProbeTry ask_by(std::optional<TlsDemand> tls, const std::string& host = "127.0.0.1") const {
    return ask({.host = host,
                .port = server_->port,
                .user = "keeper",
                .database = "postgres",
                .query = asks_whether_tls,
                .credential = "keeper",
                .tls = std::move(tls)});
  }
  std::unique_ptr<Postgres> server_;
};

bool has(const ProbeTry& tried, const std::string& text) { return tried.detail.find(text) != std::string::npos; }

TEST_F(DatabaseTls, IsSpokenOnlyWhenItIsAskedFor) {
  start_server();
  const ProbeTry clear = ask_by(std::nullopt);
  EXPECT_FALSE(clear.ok);
  EXPECT_TRUE(has(clear, "22012")) << "the division by zero of a connection in clear: " << clear.detail;
  const ProbeTry required = ask_by(TlsDemand{TlsMode::require, ""});
  EXPECT_TRUE(required.ok) << required.detail;
  EXPECT_TRUE(has(required, "over TLS")) << required.detail;
}

TEST_F(DatabaseTls, IsWithWhomTheAuthorityVouchesForAndNobodyElse) {
  start_server();
  make_certificate("another", "DNS:localhost,IP:127.0.0.1");
  for (const char* host : {"127.0.0.1", "localhost"}) {
    const ProbeTry right = ask_by(TlsDemand{TlsMode::verify_full, file("server.pem")}, host);
    EXPECT_TRUE(right.ok) << right.detail;
  }
  for (const TlsMode mode : {TlsMode::verify_ca, TlsMode::verify_full}) {
    for (const std::string& authorities : {std::string(), file("another.pem")}) {
      const ProbeTry stranger = ask_by(TlsDemand{mode, authorities});
      EXPECT_FALSE(stranger.ok) << "the system's authorities, or another: not who signed this";
      EXPECT_FALSE(stranger.unknown);
      EXPECT_TRUE(has(stranger, "its certificate is refused")) << stranger.detail;
    }
  }
}

TEST_F(DatabaseTls, LooksAtTheNameInTheCertificateOnlyWhenAllIsToBeVerified) {
  start_server();
  const ProbeTry elsewhere = ask_by(TlsDemand{TlsMode::verify_full, file("server.pem")}, "127.0.0.2");
  EXPECT_FALSE(elsewhere.ok);
  EXPECT_TRUE(has(elsewhere, "it is not that of 127.0.0.2")) << elsewhere.detail;
  const ProbeTry nameless = ask_by(TlsDemand{TlsMode::verify_ca, file("server.pem")}, "127.0.0.2");
  EXPECT_TRUE(nameless.ok) << nameless.detail;
}

TEST_F(DatabaseTls, IsMissedWhereTheServerHasNone) {
  server_ = std::make_unique<Postgres>(scratch / "pg");
  const ProbeTry tried = ask_by(TlsDemand{TlsMode::require, ""});
  EXPECT_FALSE(tried.ok);
  EXPECT_FALSE(tried.unknown);
  EXPECT_TRUE(has(tried, "it speaks no TLS")) << tried.detail;
}

TEST_F(DatabaseTls, WithoutReadableAuthoritiesNothingIsKnown) {
  const auto tried_with = [&](const std::string& authorities) {
    return try_database({.host = "127.0.0.1",
                         .port = free_port(),
                         .user = "u",
                         .database = "d",
                         .query = "SELECT 1",
                         .credential = "",
                         .tls = TlsDemand{TlsMode::verify_full, authorities}},
                        credentials, 5000, {});
  };
  const ProbeTry absent = tried_with(file("absent.pem"));
  EXPECT_TRUE(absent.unknown && has(absent, "absent.pem")) << absent.detail;
  write_file(file("empty.pem"), "nothing of this kind\n");
  const ProbeTry empty = tried_with(file("empty.pem"));
  EXPECT_TRUE(empty.unknown && has(empty, "holds no certificate")) << empty.detail;
  make_certificate("broken", "DNS:localhost");
  const std::string no_more = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  write_file(file("broken.pem"), read_file(file("broken.pem")) + no_more);
  const ProbeTry broken = tried_with(file("broken.pem"));
  EXPECT_TRUE(broken.unknown && has(broken, "no certificate")) << broken.detail;
  ASSERT_EQ(::mkfifo(file("pipe").c_str(), 0600), 0);
  EXPECT_TRUE(tried_with(file("pipe")).unknown) << "and nobody waits for its writer";
}

/// Against a server that says `said` when it is asked for TLS, and then nothing.
ProbeTry tried_against(const std::string& said, const std::filesystem::path& credentials) {
  const Server server([&](int connection) {
    (void)::send(connection, said.data(), said.size(), MSG_NOSIGNAL);
    char buffer[1024];
    while (::recv(connection, buffer, sizeof buffer, 0) > 0) continue;
  });
  return try_database({.host = "127.0.0.1",
                       .port = server.port(),
                       .user = "u",
                       .database = "d",
                       .query = "SELECT 1",
                       .credential = "",
                       .tls = TlsDemand{TlsMode::require, ""}},
                      credentials, 500, {});
}

TEST_F(DatabaseTls, TakesNothingThatWasSaidBeforeItForWhatItProtects) {
  EXPECT_TRUE(has(tried_against("SR", credentials), "something else than PostgreSQL"));
  EXPECT_TRUE(has(tried_against("S", credentials), "timed out"))
      << "whoever falls silent then costs no more than a try";
}

}  // namespace
}  // namespace switchyard::agent::testing
