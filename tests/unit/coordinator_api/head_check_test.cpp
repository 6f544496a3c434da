#include "coordinator/api/head_check.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace switchyard::api {
namespace {

int status_of(std::string_view head) {
  const auto refusal = refuse_head(head);
  return refusal ? refusal->status : 200;
}

TEST(HeadCheck, TakesAPlainRequest) {
  EXPECT_EQ(status_of("GET /v1/health HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n"), 200);
  EXPECT_EQ(status_of("POST /v1/plans HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n"), 200);
}

TEST(HeadCheck, TakesARepeatedHeaderThatMayBeRepeated) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nAccept: a\r\nAccept: b\r\n\r\n"), 200);
}

/// The corpus of request smuggling over HTTP/1.1: each of these is read differently by some two programs.
TEST(HeadCheck, RefusesEveryAmbiguousHeader) {
  const struct {
    const char* head;
    int status;
  } corpus[] = {
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 411},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 411},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 411},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\n Transfer-Encoding: chunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nX: y\r\n\tfolded\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\x0b"
       "chunked\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\ncontent-length: 5\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999999\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nAccept: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", 400},
      {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET\r\nHost: a\r\n\r\n", 400},
      {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.0\r\nHost: a\r\n\r\n", 505},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"GET / http/1.1\r\nHost: a\r\n\r\n", 505},
      {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
  };
  for (const auto& sample : corpus) EXPECT_EQ(status_of(sample.head), sample.status) << sample.head;
}

TEST(HeadCheck, FindsTheEndOfAHeaderAndWhatFollowsIt) {
  EXPECT_EQ(end_of_head("GET / HTTP/1.1\r\n\r\nGET"), 18u);
  EXPECT_EQ(end_of_head("GET / HTTP/1.1\r\n\r"), std::nullopt);
}

TEST(HeadCheck, GivesUpOnABareLineFeedAtOnce) {
  EXPECT_TRUE(is_hopeless("GET / HTTP/1.1\nHost"));
  EXPECT_TRUE(is_hopeless("\n"));
  EXPECT_FALSE(is_hopeless("GET / HTTP/1.1\r\nHost"));
}

RC_GTEST_PROP(HeadCheck, NeverTakesAHeaderWithAnInsertedControlByte, (std::uint8_t place, std::uint8_t control)) {
  const std::string good = "GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX-Y: z\r\n\r\n";
  std::string bad = good;
  char byte = static_cast<char>(control % 0x20);
  if (byte == '\t') byte = 0;
  // Up to the closing empty line: what follows that belongs to the body.
  bad.insert(place % (good.size() - 4), 1, byte);
  RC_ASSERT(refuse_head(bad).has_value());
}

}  // namespace
}  // namespace switchyard::api
