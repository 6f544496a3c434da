#include "agent/link/enroll.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <filesystem>

#include "agent/link/agent_identity.hpp"
#include "common/error.hpp"
#include "common/file_system.hpp"
#include "common/limits.hpp"
#include "tests/unit/agent_link/coordinator_double.hpp"
#include "tests/unit/agent_link/scratch_root.hpp"

namespace switchyard::agent {
namespace {

using testing::CoordinatorDouble;

const std::string plan_key(32, 'p');

class Enrolling : public ::testing::Test {
 protected:
  Enrolling() { config.paths.state = root.path() / "state"; }

  /// The string for a token that this coordinator knows.
  std::string invite(CoordinatorDouble& coordinator, const std::string& token) {
    const auto derived = protocol::curve_keys_from_secret(protocol::enrolment_secret(token));
    coordinator.allow(protocol::enrolment_peer("0011223344556677"), derived.public_key);
    return text_of(coordinator, token);
  }
  static std::string text_of(const CoordinatorDouble& coordinator, const std::string& token) {
    return protocol::encode_enrolment({{coordinator.endpoint()}, coordinator.public_key(), token});
  }
  std::string trouble(const std::string& text, const std::string& name = "web-1",
                      std::int64_t patience_ms = limits::enrol_ms_max) {
    try {
      enroll(config, text, name, patience_ms);
      return {};
    } catch (const Error& error) {
      return error.what();
    }
  }
  static CoordinatorDouble::Answer yes() {
    return [](const HostId&, const protocol::Envelope& heard) -> std::vector<protocol::Message> {
      return {protocol::Enrolled{HostId(std::get<protocol::Enrol>(heard.message).name), plan_key}};
    };
  }

  testing::ScratchRoot root;
  AgentConfig config;
  PosixFileSystem files;
};

TEST_F(Enrolling, KeepsNameEndpointsAndBothPinnedKeys) {
  CoordinatorDouble coordinator(yes());
  EXPECT_EQ(enroll(config, invite(coordinator, std::string(32, 't')), "web-1"), HostId("web-1"));

  const auto identity = load_identity(files, config.paths.state);
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->host, HostId("web-1"));
  EXPECT_EQ(identity->endpoints, (std::vector{coordinator.endpoint()}));
  EXPECT_EQ(identity->server_public_key, coordinator.public_key());
  EXPECT_EQ(identity->plan_public_key, plan_key);
  const auto said = coordinator.wait_for<protocol::Enrol>();
  ASSERT_TRUE(said);
  EXPECT_EQ(said->public_key, protocol::load_curve_keys(config.paths.state / "agent.key").public_key);
  // Nothing of the try is left, and the token is nowhere.
  EXPECT_EQ(files.list(config.paths.state), (std::vector<std::string>{"agent.key", "identity.yaml"}));
}

TEST_F(Enrolling, SaysAtWhichAddressNobodyAnswered) {
  CoordinatorDouble silent(
      [](const HostId&, const protocol::Envelope&) -> std::vector<protocol::Message> { return {}; });
  protocol::Endpoint nowhere = silent.endpoint();
  const std::string place = nowhere.host + ":" + std::to_string(nowhere.control_port);
  const std::string text = invite(silent, std::string(32, 't'));
  EXPECT_NE(trouble(text, "web-1", 300).find("the coordinator at " + place + " did not answer"), std::string::npos);
  nowhere.control_port = 1;
  const std::string elsewhere = protocol::encode_enrolment({{nowhere}, silent.public_key(), std::string(32, 't')});
  const std::string said = trouble(elsewhere, "web-1", 1'500);
  EXPECT_NE(said.find("no coordinator with that key answers at " + nowhere.host + ":1,"), std::string::npos) << said;
  EXPECT_NE(said.find("`advertise`"), std::string::npos) << said;
}

TEST_F(Enrolling, SaysThatTheTokenWasRefusedAndKeepsNothingOfTheTry) {
  CoordinatorDouble coordinator(yes());
  EXPECT_THROW(enroll(config, text_of(coordinator, std::string(32, 'x')), "web-1"), EnrolmentRefused);
  EXPECT_FALSE(load_identity(files, config.paths.state));
  EXPECT_TRUE(files.list(config.paths.state).empty());
}

TEST_F(Enrolling, SaysWhyTheCoordinatorSaidNoAndKeepsNothingOfTheTry) {
  CoordinatorDouble coordinator([](const HostId&, const protocol::Envelope&) -> std::vector<protocol::Message> {
    return {protocol::Refuse{"enrolment", "the token was used already"}};
  });
  const std::string text = invite(coordinator, std::string(32, 't'));
  EXPECT_THROW(enroll(config, text, "web-1"), EnrolmentRefused);
  EXPECT_NE(trouble(text).find("the token was used already"), std::string::npos);
  EXPECT_TRUE(files.list(config.paths.state).empty());
}

TEST_F(Enrolling, RepeatedWithOneTokenOffersTheSameKeyAndWithAnotherAnother) {
  std::atomic<bool> agree{false};
  CoordinatorDouble coordinator([&](const HostId& peer, const protocol::Envelope& heard) {
    return agree ? yes()(peer, heard) : std::vector<protocol::Message>{};
  });
  const std::string text = invite(coordinator, std::string(32, 't'));
  // Long enough for a handshake on a machine that does other things besides: the request has to arrive.
  constexpr std::int64_t patience_ms = 2'500;
  EXPECT_THROW(enroll(config, text, "web-1", patience_ms), TransportError) << "the answer is lost";
  const auto first = coordinator.wait_for<protocol::Enrol>();
  EXPECT_THROW(enroll(config, text, "web-1", patience_ms), TransportError);
  // Within one call it is asked again and again: what was heard last is of the last one.
  const auto second = coordinator.wait_for<protocol::Enrol>(coordinator.heard().size() - 1);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->public_key, second->public_key);

  agree = true;
  EXPECT_EQ(trouble(invite(coordinator, std::string(32, 'u'))), "");
  const auto third = coordinator.wait_for<protocol::Enrol>(coordinator.heard().size() - 1);
  ASSERT_TRUE(third);
  EXPECT_NE(third->public_key, first->public_key);
  EXPECT_EQ(files.list(config.paths.state), (std::vector<std::string>{"agent.key", "identity.yaml"}));
}

/// The coordinator may have let the key in before it went down; while it comes up it turns everybody away.
TEST_F(Enrolling, KeepsAKeyThatTheCoordinatorMayKnowWhenItIsTurnedAwayLater) {
  CoordinatorDouble silent(
      [](const HostId&, const protocol::Envelope&) -> std::vector<protocol::Message> { return {}; });
  const std::string token(32, 't');
  EXPECT_THROW(enroll(config, invite(silent, token), "web-1", 300), TransportError);
  const std::vector<std::string> kept = files.list(config.paths.state);
  ASSERT_EQ(kept.size(), 1u);
  CoordinatorDouble starting(yes());
  EXPECT_THROW(enroll(config, text_of(starting, token), "web-1"), EnrolmentRefused);
  EXPECT_EQ(files.list(config.paths.state), kept);

  const auto old = std::filesystem::file_time_type::clock::now() - std::chrono::milliseconds(limits::token_life_ms + 1);
  std::filesystem::last_write_time(config.paths.state / kept[0], old);
  EXPECT_THROW(enroll(config, text_of(starting, std::string(32, 'u')), "web-1"), EnrolmentRefused);
  EXPECT_TRUE(files.list(config.paths.state).empty()) << "its token has expired";
}

TEST_F(Enrolling, RefusesAHostThatIsEnrolledAndANameThatIsNone) {
  CoordinatorDouble coordinator(yes());
  const std::string text = invite(coordinator, std::string(32, 't'));
  EXPECT_NE(trouble(text, "Web 1").find("cannot be a host's name"), std::string::npos);
  EXPECT_NE(trouble("sy1.nonsense").find("enrolment string"), std::string::npos);
  EXPECT_TRUE(coordinator.heard().empty());
  ASSERT_EQ(trouble(text), "");
  EXPECT_NE(trouble(text).find("enrolled already, as web-1"), std::string::npos);
}

TEST_F(Enrolling, GivesAHostThatIsEnrolledANewKeyAndKeepsAllElse) {
  CoordinatorDouble coordinator(yes());
  EXPECT_THROW(take_new_key(config, invite(coordinator, std::string(32, 'n'))), InputError) << "it has none yet";
  ASSERT_EQ(trouble(invite(coordinator, std::string(32, 't'))), "");
  const auto before = load_identity(files, config.paths.state);
  const std::string old = protocol::load_curve_keys(config.paths.state / "agent.key").public_key;
  EXPECT_EQ(take_new_key(config, invite(coordinator, std::string(32, 'u'))), HostId("web-1"));
  const auto after = load_identity(files, config.paths.state);
  EXPECT_EQ(after->host, before->host);
  EXPECT_EQ(after->plan_public_key, before->plan_public_key);
  EXPECT_NE(protocol::load_curve_keys(config.paths.state / "agent.key").public_key, old);
  EXPECT_EQ(files.list(config.paths.state), (std::vector<std::string>{"agent.key", "identity.yaml"}));
  CoordinatorDouble another(yes());
  EXPECT_THROW(take_new_key(config, invite(another, std::string(32, 'v'))), InputError);
  EXPECT_TRUE(another.heard().empty());
}

/// Whichever of the two the coordinator has, the host has it too, and finds out.
TEST_F(Enrolling, HasBothKeysWhenTheAnswerIsLostAndTriesEachForAWhile) {
  std::atomic<bool> agree{true};
  CoordinatorDouble coordinator([&](const HostId& peer, const protocol::Envelope& heard) {
    return agree ? yes()(peer, heard) : std::vector<protocol::Message>{};
  });
  ASSERT_EQ(trouble(invite(coordinator, std::string(32, 't'))), "");
  const std::filesystem::path& state = config.paths.state;
  const auto key = [&] { return protocol::load_curve_keys(state / "agent.key").public_key; };
  const auto a_minute_passes = [&] {
    std::filesystem::last_write_time(state / "agent.key", std::filesystem::file_time_type::clock::now() -
                                                              std::chrono::milliseconds(limits::key_change_ms_min));
  };
  const std::string old = key();
  EXPECT_FALSE(change_key(state)) << "there is no other";
  agree = false;
  EXPECT_THROW(take_new_key(config, invite(coordinator, std::string(32, 'u')), 300), TransportError);
  EXPECT_EQ(key(), old);
  a_minute_passes();
  EXPECT_TRUE(change_key(state));
  const std::string fresh = key();
  EXPECT_EQ(coordinator.wait_for<protocol::Enrol>(1)->public_key, fresh);
  EXPECT_FALSE(change_key(state)) << "not at once";
  a_minute_passes();
  EXPECT_TRUE(change_key(state));
  EXPECT_EQ(key(), old);
  keep_key(state);
  EXPECT_EQ(files.list(state), (std::vector<std::string>{"agent.key", "identity.yaml"}));
}

TEST_F(Enrolling, KeepsItsKeysFromOthers) {
  CoordinatorDouble coordinator(yes());
  ASSERT_EQ(trouble(invite(coordinator, std::string(32, 't'))), "");
  for (const auto& [name, mode] : {std::pair{".", 0700u}, {"agent.key", 0600u}, {"identity.yaml", 0600u}}) {
    struct stat facts {};
    ASSERT_EQ(::stat((config.paths.state / name).c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777, mode) << name;
  }
}

}  // namespace
}  // namespace switchyard::agent
