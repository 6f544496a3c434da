#include "protocol/enrolment.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cctype>

#include "common/error.hpp"
#include "protocol/version.hpp"

namespace switchyard::protocol {
namespace {

Enrolment sample() {
  Enrolment enrolment;
  enrolment.endpoints = {{"coordinator.example", 7400, 7401}, {"[2001:db8::1]", 9000, 9100}};
  enrolment.server_public_key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
  enrolment.token = std::string("\0\x01\xfe\xff", 4) + std::string(28, 't');
  return enrolment;
}

TEST(EnrolmentString, IsOneWordThatReadsBackAsItWasWritten) {
  const std::string text = encode_enrolment(sample());
  EXPECT_TRUE(text.starts_with("sy1."));
  EXPECT_TRUE(std::all_of(text.begin() + 4, text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_';
  })) << text;
  EXPECT_EQ(decode_enrolment(text), sample());
}

RC_GTEST_PROP(EnrolmentString, CarriesAnyToken, ()) {
  Enrolment enrolment = sample();
  enrolment.token = *rc::gen::container<std::string>(token_bytes, rc::gen::arbitrary<char>());
  RC_ASSERT(decode_enrolment(encode_enrolment(enrolment)) == enrolment);
}

TEST(EnrolmentString, RefusesAnyShorterOrLongerOne) {
  const std::string text = encode_enrolment(sample());
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_THROW(decode_enrolment(text.substr(0, length)), InputError) << length;
  }
  EXPECT_THROW(decode_enrolment(text + "A"), InputError);
  EXPECT_THROW(decode_enrolment(text + "\n"), InputError);
  EXPECT_THROW(decode_enrolment(std::string(100'000, 'A')), InputError);
}

TEST(EnrolmentString, NeverShowsItsTokenWhenItIsRefused) {
  Enrolment enrolment = sample();
  enrolment.endpoints[0].host = "not a host";
  const std::string text = encode_enrolment(enrolment);
  try {
    decode_enrolment(text);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()).find("tttt"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("not a host"), std::string::npos) << error.what();
  }
}

TEST(Tokens, AreDrawnAnewEveryTime) {
  EXPECT_EQ(make_token().size(), token_bytes);
  EXPECT_NE(make_token(), make_token());
}

TEST(EnrolmentPeer, IsNoHostAndNoHostIsOne) {
  const HostId peer = enrolment_peer("00112233445566aa");
  EXPECT_EQ(enrolling_token(peer), "00112233445566aa");
  EXPECT_FALSE(is_name(peer.value));  // so no host can ever have that name
  EXPECT_EQ(enrolling_token(HostId("enrol")), std::nullopt);
}

// --- who may say what
// ----------------------------------------------------------------------------------------------------

TEST(MaySay, WhoEnrolsMaySayOneThingOnly) {
  for (int type = 0; type < 1000; ++type) {
    for (const Channel channel : {Channel::control, Channel::bulk}) {
      const bool allowed = may_say(Speaker::enrolling, channel, static_cast<MessageType>(type));
      EXPECT_EQ(allowed, channel == Channel::control && type == static_cast<int>(MessageType::enrol)) << type;
    }
  }
}

TEST(MaySay, OnlyPingAndPongGoBothWays) {
  for (int type = 0; type < 1000; ++type) {
    for (const Channel channel : {Channel::control, Channel::bulk}) {
      const auto message = static_cast<MessageType>(type);
      const bool both = may_say(Speaker::agent, channel, message) && may_say(Speaker::coordinator, channel, message);
      EXPECT_EQ(both, channel == Channel::control && (message == MessageType::ping || message == MessageType::pong));
    }
  }
}

TEST(MaySay, EveryMessageHasASpeaker) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    const auto check = [](const Message& message) {
      int speakers = 0;
      for (const Channel channel : {Channel::control, Channel::bulk}) {
        for (const Speaker speaker : {Speaker::agent, Speaker::coordinator, Speaker::enrolling}) {
          speakers += may_say(speaker, channel, type_of(message)) ? 1 : 0;
        }
      }
      EXPECT_GE(speakers, 1) << message_name(type_of(message));
    };
    (check(Message(std::in_place_index<I>)), ...);
  }
  (std::make_index_sequence<std::variant_size_v<Message>>{});
}

// --- endpoints and versions
// ----------------------------------------------------------------------------------------------

TEST(Endpoints, HaveDefaultsAndReadBack) {
  EXPECT_EQ(parse_endpoint("web"), (Endpoint{"web", 7400, 7401}));
  EXPECT_EQ(parse_endpoint("10.0.0.1:80"), (Endpoint{"10.0.0.1", 80, 81}));
  EXPECT_EQ(parse_endpoint("web:80:90"), (Endpoint{"web", 80, 90}));
  EXPECT_EQ(parse_endpoint("[::1]"), (Endpoint{"[::1]", 7400, 7401}));
  EXPECT_EQ(parse_endpoint("[::1]:1:2"), (Endpoint{"[::1]", 1, 2}));
  EXPECT_EQ(parse_endpoint("[::1]:1:2")->control_address(), "tcp://[::1]:1");
  for (const char* text : {"web:80", "web:80:90", "[::1]:7400"}) EXPECT_EQ(endpoint_text(*parse_endpoint(text)), text);
}

TEST(Endpoints, AreRefusedWhenTheyAreNone) {
  for (const char* text : {"", ":80", "web:", "web:0", "web:65535", "web:65536", "web:x", "web:1:", "web:1:2:3", "a b",
                           "ipc:///tmp/x", "[::1", "::1", "[]", "web;127.0.0.1", "*"}) {
    EXPECT_EQ(parse_endpoint(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace switchyard::protocol
