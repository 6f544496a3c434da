#include "agent/link/file_saves.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <utility>

#include "common/limits_snapshots.hpp"
#include "tests/support/fake_clock.hpp"

namespace switchyard::agent {
namespace {

/// What is posted, and what workers are given, waits until the test lets it happen.
struct Later final : Scheduler, Workers {
  void post(std::function<void()> callback) override { jobs.push_back(std::move(callback)); }
  Timer after(std::int64_t, std::function<void()>) override { return {}; }
  bool submit(std::function<void()> job) override {
    if (full) return false;
    jobs.push_back(std::move(job));
    return true;
  }
  void run() {
    while (!jobs.empty()) {
      const auto job = std::move(jobs.front());
      jobs.pop_front();
      job();
    }
  }
  std::deque<std::function<void()>> jobs;
  bool full = false;
};

class FileSavesTest : public ::testing::Test {
 protected:
  protocol::SaveOrder order_for(const std::string& request = "request-1") {
    return {request,
            HostId("web-1"),
            clock.wall_ms() + limits::save_order_ms,
            {{"api", "s-0123456789abcdef", {"/etc/api.conf"}, {}}, {"web", "", {}, {}}}};
  }
  void order(const protocol::SaveOrder& wanted) { saves.ordered(protocol::sign_order(wanted, key)); }

  switchyard::testing::FakeClock clock;
  Later later;
  SigningKeyPair key = generate_signing_key();
  std::vector<std::string> trusted = {key.public_key};
  std::vector<std::string> kept;
  std::vector<std::int64_t> left;
  std::vector<protocol::FilesSaved> sent;
  FileSaves saves{later,
                  later,
                  clock,
                  HostId("web-1"),
                  {[this] { return trusted; }, [this](protocol::FilesSaved saved) { sent.push_back(std::move(saved)); },
                   [this](const protocol::FileSave& wanted, std::int64_t left_ms) {
                     kept.push_back(wanted.component);
                     left.push_back(left_ms);
                     protocol::FileSaveResult result;
                     result.component = wanted.component;
                     result.done = true;
                     return result;
                   }}};
};

TEST_F(FileSavesTest, AreMadeAndAnsweredInTheirOrder) {
  order(order_for());
  later.run();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].request, "request-1");
  EXPECT_EQ(kept, (std::vector<std::string>{"api", "web"}));
  ASSERT_EQ(sent[0].results.size(), 2u);
  EXPECT_EQ(sent[0].results[1].component, "web");
}

TEST_F(FileSavesTest, OfTheSameOrderAreMadeOnceAndAnsweredAsOftenAsItComes) {
  order(order_for());
  order(order_for());
  later.run();
  order(order_for());
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0], sent[1]);
  EXPECT_EQ(kept.size(), 2u) << "two components, once each";
  order(order_for("request-2"));
  later.run();
  EXPECT_EQ(kept.size(), 4u);
}

TEST_F(FileSavesTest, ThatNobodyWithThePlanKeyOrderedAreNotMade) {
  saves.ordered(protocol::sign_order(order_for(), generate_signing_key()));
  protocol::SaveOrder elsewhere = order_for();
  elsewhere.host = HostId("web-2");
  order(elsewhere);
  later.run();
  EXPECT_TRUE(sent.empty());
  EXPECT_TRUE(kept.empty());
  trusted.insert(trusted.begin(), generate_signing_key().public_key);
  order(order_for());
  later.run();
  EXPECT_EQ(kept.size(), 2u) << "any of the keys that are trusted";
}

TEST_F(FileSavesTest, OfAnOrderThatIsOldOrOfTheFutureAreRefused) {
  protocol::SaveOrder late = order_for("late");
  late.not_after_wall_ms = clock.wall_ms() - 1;
  order(late);
  protocol::SaveOrder early = order_for("early");
  early.not_after_wall_ms = clock.wall_ms() + 2 * limits::save_order_ms + 1;
  order(early);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_NE(sent[0].refused.find("clock"), std::string::npos);
  EXPECT_NE(sent[1].refused, "");
  EXPECT_TRUE(kept.empty());
}

TEST_F(FileSavesTest, ThatNoWorkerHasRoomForAreTakenWhenTheyComeAgain) {
  later.full = true;
  order(order_for());
  EXPECT_TRUE(later.jobs.empty());
  later.full = false;
  order(order_for());
  later.run();
  EXPECT_EQ(sent.size(), 1u);
}

/// Databases can be slow: a revert must find a worker.
TEST_F(FileSavesTest, OneOrderAtATimeIsCarriedOut) {
  order(order_for("request-1"));
  order(order_for("request-2"));
  EXPECT_EQ(later.jobs.size(), 1u);
  clock.advance(20'000);
  later.run();
  EXPECT_EQ(left.at(0), limits::save_order_ms - 20'000) << "and is told how long somebody waits for it";
  order(order_for("request-2"));
  later.run();
  EXPECT_EQ(sent.back().request, "request-2");
}

TEST_F(FileSavesTest, KeepTheirLastAnswersOnly) {
  for (std::size_t i = 0; i <= limits::save_answers_kept; ++i) {
    order(order_for("request-" + std::to_string(i)));
    later.run();
  }
  const std::size_t before = kept.size();
  order(order_for("request-1"));
  EXPECT_EQ(kept.size(), before);
  order(order_for("request-0"));
  later.run();
  EXPECT_EQ(kept.size(), before + 2) << "what is forgotten is made once more, and is there already";
}

}  // namespace
}  // namespace switchyard::agent
