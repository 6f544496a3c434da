// The bytes of every message, plan and manifest, as released. A change of these files is a change of the protocol: the
// numbers of fields, kinds and types are for ever. ACCEPT=1 writes them anew; then read the difference.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/error.hpp"
#include "protocol/artifact.hpp"
#include "protocol/enrolment.hpp"
#include "protocol/message_fields.hpp"
#include "tests/golden/sample_filler.hpp"
#include "tests/support/source_tree.hpp"

namespace switchyard::protocol {
namespace {

const std::filesystem::path folder = testing::source_tree() / "tests/golden/protocol";

/// Hexadecimal, 64 digits to a line, so that a difference can be read.
std::string to_lines(const std::string& bytes) {
  const std::string digits = to_hex(bytes);
  std::string lines;
  for (std::size_t at = 0; at < digits.size(); at += 64) lines += digits.substr(at, 64) + "\n";
  return lines;
}

/// The accepted text; after ACCEPT=1 it is what the test has now.
std::string accepted(const std::string& file, const std::string& now) {
  const std::filesystem::path path = folder / file;
  if (std::getenv("ACCEPT") != nullptr) std::ofstream(path) << now;
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string accepted_bytes(const std::string& file, const std::string& now) {
  std::string digits = accepted(file, to_lines(now));
  std::erase(digits, '\n');
  return from_hex(digits).value_or("");
}

Envelope envelope_of(Message message) {
  Envelope envelope;
  envelope.epoch = 0x0102030405060708;
  envelope.session = "0123456789abcdef";
  envelope.seq = 300;
  envelope.re = 70'000;
  envelope.message = std::move(message);
  return envelope;
}

template <class Body>
void expect_message_unchanged() {
  const Envelope envelope = envelope_of(golden::sample<Body>());
  const std::string file = std::string(message_name(type_of(envelope.message))) + ".hex";
  const std::string bytes = accepted_bytes(file, encode(envelope));
  EXPECT_EQ(to_lines(encode(envelope)), to_lines(bytes)) << file << " is written in another way";
  EXPECT_EQ(decode(bytes), envelope) << file << " is read in another way";
}

TEST(Golden, EveryMessageIsWrittenAndReadAsReleased) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (expect_message_unchanged<std::variant_alternative_t<I, Message>>(), ...);
  }
  (std::make_index_sequence<std::variant_size_v<Message>>{});
}

template <class T>
void expect_unchanged(const std::string& file, const T& value) {
  const std::string bytes = accepted_bytes(file, pack(value));
  EXPECT_EQ(to_lines(pack(value)), to_lines(bytes)) << file << " is written in another way";
  EXPECT_EQ(unpack<T>(bytes), value) << file << " is read in another way";
}

/// One step of every kind of action, with an undo, and one probe of every kind.
TEST(Golden, EveryActionAndProbeIsWrittenAndReadAsReleased) {
  expect_unchanged("plan_header.hex", golden::sample<PlanHeader>());
  expect_unchanged("plan_slice.hex", golden::sample<PlanSlice>());
}

TEST(Golden, ArtifactsAreWrittenAndReadAsReleased) {
  const ArtifactManifest manifest{300'000, 900'000, 12, 262'144, {std::string(32, 'a'), std::string(32, 'b')}};
  const std::string bytes = accepted_bytes("artifact.hex", encode_artifact(manifest));
  EXPECT_EQ(to_lines(encode_artifact(manifest)), to_lines(bytes));
  EXPECT_EQ(decode_artifact(bytes), manifest);
}

TEST(Golden, EnrolmentStringsAreWrittenAndReadAsReleased) {
  const Enrolment enrolment{
      {{"coordinator.example", 7400, 7401}}, "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", std::string(32, 't')};
  const std::string text = accepted("enrolment.txt", encode_enrolment(enrolment));
  EXPECT_EQ(encode_enrolment(enrolment), text);
  EXPECT_EQ(decode_enrolment(text), enrolment);
}

TEST(Golden, NumbersOfTypesAndTheirSpeakersAreAsReleased) {
  std::string table;
  const auto add = [&](MessageType type) {
    table += std::to_string(static_cast<int>(type)) + " " + std::string(message_name(type)) + ":";
    for (const auto& [speaker, who] :
         {std::pair{Speaker::coordinator, " coordinator"}, std::pair{Speaker::agent, " agent"},
          std::pair{Speaker::enrolling, " enrolling"}}) {
      if (may_say(speaker, Channel::control, type)) table += std::string(who) + " on control;";
      if (may_say(speaker, Channel::bulk, type)) table += std::string(who) + " on bulk;";
    }
    table += "\n";
  };
  [&]<std::size_t... I>(std::index_sequence<I...>) { (add(type_of(Message(std::in_place_index<I>))), ...); }
  (std::make_index_sequence<std::variant_size_v<Message>>{});
  EXPECT_EQ(table, accepted("speakers.txt", table));
}

/// A file that no test reads any more would be mistaken for a promise.
TEST(Golden, EveryFileBelongsToAMessageOrIsNamedHere) {
  std::set<std::string> expected = {"plan_header.hex", "plan_slice.hex", "artifact.hex",
                                    "enrolment.txt",   "speakers.txt",   "journal.hex"};
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (expected.insert(std::string(message_name(type_of(Message(std::in_place_index<I>)))) + ".hex"), ...);
  }
  (std::make_index_sequence<std::variant_size_v<Message>>{});
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    EXPECT_TRUE(expected.contains(entry.path().filename().string())) << entry.path();
  }
}

}  // namespace
}  // namespace switchyard::protocol
