#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "common/error.hpp"
#include "common/hex.hpp"
#include "common/limits.hpp"
#include "protocol/message_fields.hpp"
#include "tests/unit/protocol/random_filler.hpp"

namespace switchyard::protocol {
namespace {

Envelope envelope_of(Message message) {
  Envelope envelope;
  envelope.epoch = 7;
  envelope.session = std::string(16, 's');
  envelope.seq = 3;
  envelope.re = 2;
  envelope.message = std::move(message);
  return envelope;
}

std::string trouble(std::string_view frame) {
  try {
    decode(frame);
    return {};
  } catch (const DecodeError& error) {
    return error.what();
  }
}

const DeploymentId deployment("d-0123456789abcdef");

RC_GTEST_PROP(Codec, ReadsBackEveryMessageAsItWasWritten, ()) {
  const Envelope envelope = testing::any_envelope();
  const std::string frame = encode(envelope);
  RC_ASSERT(decode(frame) == envelope);
  RC_ASSERT(encode(decode(frame)) == frame);
}

RC_GTEST_PROP(Codec, RefusesAFrameCutShortAnywhere, ()) {
  const Envelope envelope = testing::any_envelope();
  const std::string frame = encode(envelope);
  const std::size_t length = *rc::gen::inRange<std::size_t>(0, frame.size());
  RC_ASSERT_THROWS_AS(decode(std::string_view(frame).substr(0, length)), DecodeError);
}

RC_GTEST_PROP(Codec, RefusesAFrameWithTrailingBytes, (char more)) {
  const Envelope envelope = testing::any_envelope();
  RC_ASSERT_THROWS_AS(decode(encode(envelope) + more), DecodeError);
}

/// Whatever is changed, the result is refused, or it is a message that says exactly what the bytes say.
RC_GTEST_PROP(Codec, NeverMisreadsAMutatedFrame, ()) {
  const Envelope envelope = testing::any_envelope();
  std::string frame = encode(envelope);
  const auto changes = *rc::gen::inRange(1, 4);
  for (int i = 0; i < changes; ++i) {
    frame[*rc::gen::inRange<std::size_t>(0, frame.size())] = *rc::gen::arbitrary<char>();
  }
  try {
    const Envelope read = decode(frame);
    RC_ASSERT(decode(encode(read)) == read);
  } catch (const DecodeError&) {
  }
}

RC_GTEST_PROP(Codec, NeverReadsNoise, (const std::string& noise)) { RC_ASSERT_THROWS_AS(decode(noise), DecodeError); }

TEST(Codec, KnowsTheTypeOfEveryMessageAndItsName) {
  std::set<MessageType> types;
  const auto note = [&](const Message& message) {
    types.insert(type_of(message));
    EXPECT_NE(message_name(type_of(message)), "unknown");
  };
  [&]<std::size_t... I>(std::index_sequence<I...>) { (note(Message(std::in_place_index<I>)), ...); }
  (std::make_index_sequence<std::variant_size_v<Message>>{});
  EXPECT_EQ(types.size(), std::variant_size_v<Message>);
  EXPECT_EQ(message_name(static_cast<MessageType>(999)), "unknown");
}

TEST(Codec, RefusesAForeignFrameByItsFirstBytes) {
  EXPECT_NE(trouble("").find("end too early"), std::string::npos);
  EXPECT_NE(trouble("GET / HTTP/1.1").find("an array was expected"), std::string::npos);
  std::string frame = encode(envelope_of(Ping{}));
  frame[2] = 0x55;  // the magic
  EXPECT_NE(trouble(frame).find("not a frame of this protocol"), std::string::npos);
}

TEST(Codec, SaysWhichByteAndFieldAreWrong) {
  Packer out;
  out.array(8);
  for (const std::uint64_t number : {0xD7u, 1u, 12u, 7u}) out.unsigned_number(number);
  out.bytes(std::string(16, 's'));
  for (int i = 0; i < 3; ++i) out.unsigned_number(0);
  out.map(2);
  out.unsigned_number(1);
  out.text(deployment.value);
  out.unsigned_number(2);
  out.text("../../etc/passwd");
  EXPECT_EQ(trouble(out.take()), "not a name at byte 66, field 2");
}

TEST(Codec, RefusesAMessageWithoutWhatItNeeds) {
  EXPECT_NE(trouble(encode(envelope_of(Hold{}))).find("field 1 is missing or empty"), std::string::npos);
  EXPECT_NE(trouble(encode(envelope_of(Prepare{deployment, ""}))).find("field 2 is missing or empty"),
            std::string::npos);
}

TEST(Codec, RefusesIdsThatAreNotOurs) {
  for (const char* id :
       {"d-1", "d-0123456789ABCDEF", "x-0123456789abcdef", "d-0123456789abcdef0", "../0123456789abcd"}) {
    EXPECT_NE(trouble(encode(envelope_of(Hold{DeploymentId(id)}))), "") << id;
  }
  EXPECT_EQ(trouble(encode(envelope_of(Hold{deployment}))), "");
}

TEST(Codec, RefusesAnUnknownMessageType) {
  Packer out;
  out.array(8);
  for (const std::uint64_t number : {0xD7u, 1u, 999u, 7u}) out.unsigned_number(number);
  out.bytes(std::string(16, 's'));
  for (int i = 0; i < 3; ++i) out.unsigned_number(0);
  out.map(0);
  EXPECT_NE(trouble(out.take()).find("no message type 999"), std::string::npos);
}

TEST(Codec, RefusesAnUnknownEnumValue) {
  const StepEventAck ack{deployment, StepId(std::string(32, 'a')), static_cast<StepState>(200)};
  EXPECT_NE(trouble(encode(envelope_of(ack))).find("unknown kind 200"), std::string::npos);
}

TEST(Codec, CutsAndCleansWhatAProcessPrinted) {
  const Failed failed{deployment, {}, "api", "exit", "\xff\xfe" + std::string(limits::excerpt_bytes_max, 'x') + "\xc3"};
  const auto read = std::get<Failed>(decode(encode(envelope_of(failed))).message);
  EXPECT_TRUE(read.detail.starts_with("\xEF\xBF\xBD\xEF\xBF\xBDxxx"));
  EXPECT_LE(read.detail.size(), limits::excerpt_bytes_max);
}

TEST(Codec, RefusesToWriteTextThatIsNone) {
  EXPECT_THROW(encode(envelope_of(Refuse{"\xff", ""})), Error);
  EXPECT_THROW(encode(envelope_of(Refuse{std::string("a\0b", 3), ""})), Error);
}

TEST(Codec, RefusesToWriteAControlFrameThatIsTooLong) {
  EXPECT_THROW(encode(envelope_of(Plan{{std::string(limits::control_frame_bytes_max, 'h'), "", ""}})), TransportError);
}

TEST(Codec, CarriesAWholeChunkInABulkFrame) {
  const Blob blob{ReleaseId(std::string(64, 'a')), false, 0, std::string(limits::chunk_bytes_max, 'c'), false};
  const Envelope envelope = envelope_of(blob);
  EXPECT_EQ(decode(encode(envelope)), envelope);
}

/// The bytes of tests/golden/protocol/step_event.hex before the field `undo` was added.
TEST(Codec, ReadsAStepEventOfAnAgentThatKnowsNoUndo) {
  const std::string old_frame =
      "98ccd70111cf0102030405060708c41030313233343536373839616263646566cd012cce00011170008401b2642d30313031303130313031"
      "30313031303102d920303230323032303230323032303230323032303230323032303230323032303203a66e616d652d3304870101020403"
      "0504c305a6746578742d3606a9657863657270742d370781a36b6579a9657863657270742d38";
  const auto event = std::get<StepEvent>(decode(from_hex(old_frame).value()).message);
  EXPECT_EQ(event.component, "name-3");
  EXPECT_FALSE(event.undo);
}

// --- a newer and an older peer
// -------------------------------------------------------------------------------------------

struct Grown {
  std::uint32_t first = 0;
  std::string added;
  std::uint32_t last = 0;
};
template <class Archive>
void fields(Archive& archive, Like<Grown> auto& value) {
  archive(1, value.first);
  archive(5, value.added);
  archive(9, value.last);
}
struct Shrunk {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  std::uint32_t never_sent = 42;
};
template <class Archive>
void fields(Archive& archive, Like<Shrunk> auto& value) {
  archive(1, value.first);
  archive(9, value.last);
  archive(10, value.never_sent);
}
struct Critical {
  std::uint32_t first = 0;
  bool must_be_understood = true;
};
template <class Archive>
void fields(Archive& archive, Like<Critical> auto& value) {
  archive(1, value.first);
  archive(critical_field_min, value.must_be_understood);
}

TEST(Fields, OfANewerPeerArePassedOverAndMissingOnesKeepTheirDefault) {
  const auto read = unpack<Shrunk>(pack(Grown{1, "new", 9}));
  EXPECT_EQ(read.first, 1u);
  EXPECT_EQ(read.last, 9u);
  EXPECT_EQ(read.never_sent, 42u);
  const auto grown = unpack<Grown>(pack(Shrunk{1, 9, 3}));
  EXPECT_EQ(grown.added, "");
  EXPECT_EQ(grown.last, 9u);
}

TEST(Fields, ThatAreCriticalAndUnknownRefuseTheWhole) {
  EXPECT_THROW(unpack<Shrunk>(pack(Critical{1, true})), DecodeError);
  EXPECT_NO_THROW(unpack<Critical>(pack(Critical{1, true})));
}

TEST(Fields, DoubledOrOutOfOrderAreRefused) {
  for (const auto& keys : {std::pair{1u, 1u}, std::pair{9u, 1u}}) {
    Packer out;
    out.map(2);
    out.unsigned_number(keys.first);
    out.unsigned_number(5);
    out.unsigned_number(keys.second);
    out.unsigned_number(6);
    EXPECT_THROW(unpack<Shrunk>(out.take()), DecodeError);
  }
}

// --- every member is described
// -------------------------------------------------------------------------------------------

/// Converts to anything, so that the number of a struct's members can be counted by initialising it.
struct Anything {
  template <class T>
  operator T() const;  // NOLINT: never defined, only named in requires
};
template <class T, std::size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return requires { T{(static_cast<void>(I), Anything{})...}; };
}
template <class T, std::size_t Count = 1>
constexpr std::size_t members() {
  if constexpr (takes<T>(std::make_index_sequence<Count>{})) {
    return members<T, Count + 1>();
  } else {
    return Count - 1;
  }
}
template <class T>
void expect_described(T value = {}) {
  FieldCounter counter;
  fields(counter, value);
  EXPECT_EQ(counter.count(), members<T>()) << __PRETTY_FUNCTION__;
}
/// A value with all that may be left out.
template <class T>
T whole() {
  return {};
}
template <>
EnsureUnit whole() {
  EnsureUnit action;
  action.port = 8001;
  action.cpu_quota_us = 500'000;
  action.memory_max_bytes = 1 << 30;
  return action;
}
template <>
DatabaseProbe whole() {
  DatabaseProbe probe;
  probe.tls = TlsDemand{};
  return probe;
}
template <>
Run whole() {
  Run action;
  action.migration = true;
  return action;
}
template <>
SmokeProbe whole() {
  return {{}, true};
}
template <class Variant>
void expect_kinds_described() {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (expect_described(whole<std::variant_alternative_t<I, Variant>>()), ...);
  }
  (std::make_index_sequence<std::variant_size_v<Variant>>{});
}

/// A member that somebody added and did not describe would be lost on the wire, in silence.
TEST(Fields, NameEveryMemberOfEveryStruct) {
  expect_kinds_described<Message>();
  expect_kinds_described<Action>();
  expect_kinds_described<decltype(ProbeSpec::kind)>();
  ProbeSpec test;
  test.tier = 1;
  test.retry_attempts = 3;
  expect_described(test);
  expect_described<TlsDemand>();
  expect_described<SmokeRequest>();
  expect_described<CheckResult>();
  expect_described<ArtifactRef>();
  expect_described<SwitchTarget>();
  expect_described<OldState>();
  Step step;
  step.undo = Action{};
  expect_described(step);
  expect_described<StepResult>();
  expect_described<SliceHash>();
  expect_described<PlanHeader>();
  expect_described<SliceComponent>();
  expect_described<PlanSlice>();
  expect_described<SignedPlan>();
  expect_described<ComponentReport>();
  expect_described<DeploymentReport>();
  expect_described<ReleaseFact>();
  ComponentFact fact;
  fact.enablement = "enabled";
  fact.configuration = "0123";
  expect_described(fact);
  expect_described<SchemaFact>();
  expect_described<FileSaveResult>();
  expect_described<InventoryQuestion>();
}

}  // namespace
}  // namespace switchyard::protocol
