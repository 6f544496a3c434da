// Storage against a real S3 store that verifies signatures (OpenStack Swift, see s3_server.py).
#include <gtest/gtest.h>

#include "agent/probes/signed_request.hpp"
#include "common/clock.hpp"
#include "tests/support/source_tree.hpp"
#include "tests/unit/agent_executors/integrity_fixture.hpp"

namespace switchyard::agent::testing {
namespace {

constexpr std::uint32_t patience_ms = 30'000;

class Storage : public Integrity {
 protected:
  void SetUp() override {
    Integrity::SetUp();
    if (IsSkipped()) return;
    const std::filesystem::path place = scratch / "s3";
    std::filesystem::create_directory(place);
    give_away(place);
    // A checkout may be closed to the user as whom it runs.
    const std::filesystem::path program = scratch / "s3_server.py";
    write_file(program, read_file(switchyard::testing::source_tree() / "tests/unit/agent_executors/s3_server.py"));
    server_ = std::make_unique<RealServer>(std::vector<std::string>{"/usr/bin/python3", "-IB", program.string(),
                                                                    std::to_string(port_), place.string(), access_key,
                                                                    secret_key, "uploads"});
    ASSERT_TRUE(RealServer::listens(port_))
        << "is the Debian package python3-swift there? script/bootstrap installs it";
    write_secret(credentials / "s3", secret_key);
    probe.url = url("uploads");
  }
  std::string url(const std::string& bucket) const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/" + bucket;
  }
  ProbeTry ask(std::int64_t now_wall_ms = SystemClock().wall_ms()) const {
    return try_storage(probe, credentials, now_wall_ms, patience_ms, {});
  }
  /// What the store says is in the bucket.
  std::string listing() const {
    std::string why;
    const auto answer = ask_http(
        sign_request({"GET", url("uploads"), {}, ""}, {"us-east-1", access_key, secret_key}, SystemClock().wall_ms()),
        Deadline(patience_ms), {}, why);
    return answer ? answer->body : why;
  }
  void expect_nothing_left() const {
    const std::string found = listing();
    EXPECT_NE(found.find("<ListBucketResult"), std::string::npos) << found;
    EXPECT_EQ(found.find("<Key>"), std::string::npos) << found;
  }

  const std::string access_key = "tests:prober", secret_key = "kept-to-ourselves";
  protocol::StorageProbe probe{.url = "", .region = "us-east-1", .access_key = access_key, .credential = "s3"};

 private:
  const std::uint16_t port_ = free_port();
  std::unique_ptr<RealServer> server_;
};

TEST_F(Storage, TakesAnObjectGivesItBackAndIsLeftAsItWas) {
  const ProbeTry good = ask();
  EXPECT_TRUE(good.ok) << good.detail;
  expect_nothing_left();
}

TEST_F(Storage, ThatRefusesTheSignatureIsSaidToWithItsOwnWords) {
  write_secret(credentials / "s3", "a-wrong-secret");
  const ProbeTry wrong = ask();
  EXPECT_FALSE(wrong.ok);
  EXPECT_FALSE(wrong.unknown) << "the store was there, and refused";
  EXPECT_NE(wrong.detail.find("PUT answered 403"), std::string::npos) << wrong.detail;
  EXPECT_NE(wrong.detail.find("SignatureDoesNotMatch"), std::string::npos) << wrong.detail;
  EXPECT_EQ(wrong.detail.find("wrong-secret"), std::string::npos) << "a secret is in no text";
  EXPECT_EQ(wrong.detail.find(secret_key), std::string::npos);
  write_secret(credentials / "s3", secret_key);

  // The time is signed too: an hour ago is refused, rightly signed or not.
  const ProbeTry late = ask(SystemClock().wall_ms() - 3'600'000);
  EXPECT_FALSE(late.ok);
  EXPECT_NE(late.detail.find("RequestTimeTooSkewed"), std::string::npos) << late.detail;
  expect_nothing_left();
}

TEST_F(Storage, WithoutItsBucketFails) {
  probe.url = url("absent");
  const ProbeTry absent = ask();
  EXPECT_FALSE(absent.ok);
  EXPECT_NE(absent.detail.find("PUT answered 404"), std::string::npos) << absent.detail;
  EXPECT_NE(absent.detail.find("NoSuchBucket"), std::string::npos) << absent.detail;
  expect_nothing_left();
}

}  // namespace
}  // namespace switchyard::agent::testing
