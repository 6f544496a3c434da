// Tier 0 against the servers themselves: PostgreSQL and Redis of this machine, started here and stopped here.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "agent/probes/credential.hpp"
#include "agent/probes/probe.hpp"
#include "agent/probes/scram.hpp"
#include "agent/probes/signed_request.hpp"
#include "tests/unit/agent_executors/http_server.hpp"
#include "tests/unit/agent_executors/integrity_fixture.hpp"

namespace switchyard::agent::testing {
namespace {

TEST_F(Database, IsSignedInToWithoutSayingThePasswordAndAnswersAQuery) {
  std::filesystem::create_directory(scratch / "pg");
  const Postgres postgres(scratch / "pg");
  protocol::DatabaseProbe probe{.host = "127.0.0.1",
                                .port = postgres.port,
                                .user = "keeper",
                                .database = "postgres",
                                .query = "SELECT count(*) FROM pg_class",
                                .credential = "keeper"};
  write_secret(credentials / "keeper", "correct horse");
  const ProbeTry good = ask(probe);
  EXPECT_TRUE(good.ok) << good.detail;

  probe.query = "SELECT * FROM no_such_table";
  const ProbeTry no_table = ask(probe);
  EXPECT_FALSE(no_table.ok);
  EXPECT_NE(no_table.detail.find("42P01"), std::string::npos) << no_table.detail;

  write_secret(credentials / "keeper", "wrong horse");
  const ProbeTry wrong = ask(probe);
  EXPECT_FALSE(wrong.ok);
  EXPECT_NE(wrong.detail.find("28P01"), std::string::npos) << wrong.detail;
  EXPECT_EQ(wrong.detail.find("horse"), std::string::npos) << "a password is in no text";

  std::filesystem::remove(credentials / "keeper");
  EXPECT_TRUE(ask(probe).unknown) << "without the credential nothing is known of the database";
  probe.credential.clear();
  EXPECT_NE(ask(probe).detail.find("wants a password"), std::string::npos);
}

TEST_F(Database, IsNotToldThePasswordInClear) {
  std::filesystem::create_directory(scratch / "pg");
  const Postgres postgres(scratch / "pg", "password");
  write_secret(credentials / "keeper", "correct horse");
  const ProbeTry tried = ask({.host = "127.0.0.1",
                              .port = postgres.port,
                              .user = "keeper",
                              .database = "postgres",
                              .query = "SELECT 1",
                              .credential = "keeper"});
  EXPECT_FALSE(tried.ok);
  EXPECT_NE(tried.detail.find("in clear"), std::string::npos) << tried.detail;
}

TEST_F(Database, ThatIsSomethingElseIsSaidToBe) {
  const Server server(Server::answering("HTTP/1.1 400 Bad Request\r\n\r\n"));
  EXPECT_FALSE(ask({.host = "127.0.0.1",
                    .port = server.port(),
                    .user = "u",
                    .database = "d",
                    .query = "SELECT 1",
                    .credential = ""})
                   .ok);
}

TEST_F(Integrity, AQueueTakesAnEntryAndGivesItBack) {
  const std::uint16_t port = free_port();
  const RealServer redis({"/usr/bin/redis-server", "--port", std::to_string(port), "--bind", "127.0.0.1", "--save", "",
                          "--requirepass", "hush", "--dir", scratch.path().string()});
  ASSERT_TRUE(RealServer::listens(port));
  protocol::QueueProbe probe{.host = "127.0.0.1", .port = port, .user = "", .credential = "redis"};
  write_secret(credentials / "redis", "hush");
  const ProbeTry good = try_queue(probe, credentials, 5000, {});
  EXPECT_TRUE(good.ok) << good.detail;
  write_secret(credentials / "redis", "loud");
  const ProbeTry wrong = try_queue(probe, credentials, 5000, {});
  EXPECT_FALSE(wrong.ok);
  EXPECT_NE(wrong.detail.find("AUTH"), std::string::npos) << wrong.detail;
  EXPECT_EQ(wrong.detail.find("loud"), std::string::npos) << "a password is in no text";
  probe.credential.clear();
  EXPECT_NE(try_queue(probe, credentials, 5000, {}).detail.find("NOAUTH"), std::string::npos);
}

TEST_F(Integrity, AQueueThatIsFullIsNotOperational) {
  const std::uint16_t port = free_port();
  const RealServer redis({"/usr/bin/redis-server", "--port", std::to_string(port), "--bind", "127.0.0.1", "--save", "",
                          "--maxmemory", "1", "--dir", scratch.path().string()});
  ASSERT_TRUE(RealServer::listens(port));
  const ProbeTry tried =
      try_queue({.host = "127.0.0.1", .port = port, .user = "", .credential = ""}, credentials, 5000, {});
  EXPECT_FALSE(tried.ok) << "it answers PING, and takes nothing";
  EXPECT_NE(tried.detail.find("LPUSH"), std::string::npos) << tried.detail;
}

TEST_F(Integrity, CredentialsAreNamesOfFilesThatTheirOwnerAloneCanRead) {
  std::string why;
  write_secret(credentials / "good", "word");
  EXPECT_EQ(read_credential(credentials, "good", why), "word");
  EXPECT_FALSE(read_credential(credentials, "../good", why));
  EXPECT_FALSE(read_credential(credentials, "absent", why));
  ::chmod((credentials / "good").c_str(), 0644);
  EXPECT_FALSE(read_credential(credentials, "good", why));
  EXPECT_NE(why.find("chmod 0600"), std::string::npos) << why;
  std::filesystem::create_symlink("good", credentials / "link");
  EXPECT_FALSE(read_credential(credentials, "link", why));
}

TEST(Resources, AreComparedWithWhatTheKernelTells) {
  const Scratch proc;
  std::ofstream(proc / "meminfo") << "MemTotal: 4096000 kB\nMemAvailable:  2048000 kB\n";
  std::ofstream(proc / "stat") << "cpu  100 0 100 800 0 0 0 0 0 0\n";
  const auto busy = [&](std::int64_t, const std::stop_token&) {
    std::ofstream(proc / "stat") << "cpu  190 0 100 810 0 0 0 0 0 0\n";
  };
  protocol::ResourcesProbe probe;
  probe.min_free_memory_mb = 1900;
  EXPECT_TRUE(try_resources(probe, busy, {}, proc.path()).ok);
  probe.min_free_memory_mb = 2001;
  const ProbeTry little = try_resources(probe, busy, {}, proc.path());
  EXPECT_FALSE(little.ok);
  EXPECT_NE(little.detail.find("2000 MB of memory free, expected at least 2001 MB"), std::string::npos)
      << little.detail;
  probe = {};
  probe.max_cpu_percent = 80;
  const ProbeTry tried = try_resources(probe, busy, {}, proc.path());
  EXPECT_FALSE(tried.ok);
  EXPECT_NE(tried.detail.find("processor 90 % busy"), std::string::npos) << tried.detail;
  std::filesystem::remove(proc / "stat");
  EXPECT_TRUE(try_resources(
                  probe, [](std::int64_t, const std::stop_token&) {}, {}, proc.path())
                  .unknown);
}

/// The example of the documentation of AWS, "Signature Calculations for the Authorization Header", GET Object.
TEST(SignedRequest, IsAsInTheDocumentationOfTheInventor) {
  const HttpQuestion signed_question =
      sign_request({"GET", "http://examplebucket.s3.amazonaws.com/test.txt", {{"Range", "bytes=0-9"}}, ""},
                   {"us-east-1", "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"},
                   std::int64_t{1'369'353'600} * 1000);
  EXPECT_EQ(signed_question.headers.at("Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_F(Integrity, AStoreGivesBackWhatWasPutAndIsLeftAsItWas) {
  std::string stored;
  const Server server([&](int connection) {
    char buffer[8192];
    std::string request;
    while (request.find("\r\n\r\n") == std::string::npos || (request.starts_with("PUT") && request.ends_with("\r\n"))) {
      const ssize_t got = ::recv(connection, buffer, sizeof buffer, 0);
      if (got <= 0) return;
      request.append(buffer, static_cast<std::size_t>(got));
    }
    EXPECT_EQ(request.find("top secret"), std::string::npos);
    if (request.starts_with("PUT")) stored = request.substr(request.find("\r\n\r\n") + 4);
    const std::string body = request.starts_with("GET") ? stored : "";
    if (request.starts_with("DELETE")) stored.clear();
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    (void)::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
  });
  write_secret(credentials / "s3", "top secret");
  protocol::StorageProbe probe{
      .url = server.url("/bucket"), .region = "us-east-1", .access_key = "AK", .credential = "s3"};
  const ProbeTry good = try_storage(probe, credentials, 0, 5000, {});
  EXPECT_TRUE(good.ok) << good.detail;
  EXPECT_EQ(stored, "") << "a check leaves nothing behind";
  const Server denying(Server::answering("HTTP/1.1 403 Forbidden\r\nContent-Length: 12\r\n\r\nAccessDenied"));
  probe.url = denying.url("/bucket");
  const ProbeTry denied = try_storage(probe, credentials, 0, 5000, {});
  EXPECT_FALSE(denied.ok);
  EXPECT_NE(denied.detail.find("403 AccessDenied"), std::string::npos) << denied.detail;
}

/// RFC 7677, section 3.
TEST(Scram, IsAsInTheStandard) {
  Scram scram("pencil", "rOprNGfwEbeRWgbNEkqO");
  const auto answer =
      scram.answer("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  ASSERT_TRUE(answer);
  // The standard's example names a user (n=user); PostgreSQL has heard the name already, so ours does not, and the
  // proof differs. What does not depend on it is checked here, the proof itself against PostgreSQL above.
  EXPECT_TRUE(answer->starts_with("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p="));
  EXPECT_FALSE(scram.is_right("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
  EXPECT_FALSE(Scram("pencil", "mine").answer("r=another,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")) << "not our nonce";
  EXPECT_FALSE(Scram("pencil", "mine").answer("r=mine1,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=100000000")) << "too much work";
  EXPECT_EQ(from_base64("W22ZaJ0SNY7soEsUEjb6gQ==").value().size(), 16u);
  EXPECT_EQ(base64(from_base64("W22ZaJ0SNY7soEsUEjb6gQ==").value()), "W22ZaJ0SNY7soEsUEjb6gQ==");
}

}  // namespace
}  // namespace switchyard::agent::testing
