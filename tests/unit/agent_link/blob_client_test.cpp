#include "agent/link/blob_client.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "common/error.hpp"

namespace switchyard::agent {
namespace {

const ReleaseId release(std::string(64, 'a'));

/// The loop's side: takes questions as they come.
class Questions {
 public:
  void put(protocol::BlobGet question) {
    const std::lock_guard lock(mutex_);
    all_.push_back(std::move(question));
    wake_.notify_all();
  }
  protocol::BlobGet take() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return !all_.empty(); });
    protocol::BlobGet first = std::move(all_.front());
    all_.pop_front();
    return first;
  }
  bool empty() {
    const std::lock_guard lock(mutex_);
    return all_.empty();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<protocol::BlobGet> all_;
};

class Blobs : public ::testing::Test {
 protected:
  SystemClock clock;
  Questions questions;
  BlobClient client{clock, [this](protocol::BlobGet question) { questions.put(std::move(question)); }};

  std::int64_t in(std::int64_t ms) const { return clock.boot_ms() + ms; }
};

TEST_F(Blobs, GivesEachAskerTheAnswerToItsOwnQuestion) {
  std::string first, second;
  std::jthread one([&] { first = client.fetch(release, false, 0, 10, in(10'000), {}); });
  std::jthread two([&] { second = client.fetch(release, false, 10, 10, in(10'000), {}); });
  for (int i = 0; i < 2; ++i) {
    const protocol::BlobGet question = questions.take();
    client.deliver({release, true, question.offset, "of the manifest, which nobody asked for", false});
    client.deliver({release, false, question.offset, "at " + std::to_string(question.offset), false});
    client.deliver({release, false, question.offset, "a second answer", false});
  }
  one.join();
  two.join();
  EXPECT_EQ(first, "at 0");
  EXPECT_EQ(second, "at 10");
}

TEST_F(Blobs, SaysWhatTheCoordinatorDoesNotHave) {
  std::jthread coordinator([&] {
    const protocol::BlobGet question = questions.take();
    client.deliver({release, true, question.offset, "", true});
  });
  try {
    client.fetch(release, true, 0, 10, in(10'000), {});
    FAIL();
  } catch (const TransportError& error) {
    EXPECT_NE(std::string(error.what()).find("does not have the manifest of release aaaa"), std::string::npos);
  }
}

TEST_F(Blobs, AsksAtOnceForWhatItIsToldWillBeFetchedAndOnlyOnce) {
  client.begin(release, 0, 10);
  client.begin(release, 10, 10);
  EXPECT_EQ(questions.take().offset, 0u);
  EXPECT_EQ(questions.take().offset, 10u);
  client.deliver({release, false, 10, "second", false});
  client.deliver({release, false, 0, "first", false});
  EXPECT_EQ(client.fetch(release, false, 0, 10, in(10'000), {}), "first");
  EXPECT_EQ(client.fetch(release, false, 10, 10, in(10'000), {}), "second");
  EXPECT_TRUE(questions.empty());
}

TEST_F(Blobs, KeepsNothingOfWhatWasGivenUp) {
  client.begin(release, 0, 10);
  questions.take();
  client.deliver({release, false, 0, "damaged", false});
  client.give_up(release, 0);
  client.deliver({release, false, 0, "too late", false});
  std::jthread coordinator([&] {
    const protocol::BlobGet question = questions.take();
    client.deliver({release, false, question.offset, "fresh", false});
  });
  EXPECT_EQ(client.fetch(release, false, 0, 10, in(10'000), {}), "fresh");
}

TEST_F(Blobs, EndsAtItsDeadline) { EXPECT_THROW(client.fetch(release, false, 0, 10, in(30), {}), TransportError); }

TEST_F(Blobs, EndsWhenItIsStopped) {
  std::stop_source stop;
  std::jthread canceller([&] {
    questions.take();
    stop.request_stop();
  });
  EXPECT_THROW(client.fetch(release, false, 0, 10, in(600'000), stop.get_token()), TransportError);
}

}  // namespace
}  // namespace switchyard::agent
