#include "coordinator/fleet/secret_masks.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "common/limits.hpp"
#include "common/log.hpp"

namespace switchyard::fleet {
namespace {

/// A text of so many bytes that no other number has a part of.
std::string numbered_text(std::size_t number, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += std::to_string(1'000 + number);
  return text;
}

std::set<std::string> texts_in(const BoundedValues& values) {
  std::set<std::string> texts;
  values.add_to(texts);
  return texts;
}

TEST(BoundedValues, ForgetTheOldestWhenTheyAreTooMany) {
  BoundedValues values(3 * limits::masked_value_bytes_min);
  for (const std::string text : {"first", "second", "third"}) EXPECT_EQ(values.add({"production", text}), 0u);
  EXPECT_EQ(values.add({"production", "fourth"}), 1u);
  EXPECT_EQ(texts_in(values), (std::set<std::string>{"second", "third", "fourth"}));
}

TEST(BoundedValues, TakeWhatIsAddedAgainForTheNewest) {
  BoundedValues values(3 * limits::masked_value_bytes_min);
  for (const std::string text : {"first", "second", "third", "first", "fourth"}) values.add({"production", text});
  EXPECT_EQ(texts_in(values), (std::set<std::string>{"first", "third", "fourth"}));
}

TEST(BoundedValues, OfOneEnvironmentDoNotPushOutThoseOfAnother) {
  BoundedValues values(1'024);
  values.add({"production", "of production"});
  for (std::size_t i = 0; i < 1'000; ++i) values.add({"staging", "of staging " + std::to_string(i)});
  const std::set<std::string> texts = texts_in(values);
  EXPECT_TRUE(texts.contains("of production"));
  EXPECT_TRUE(texts.contains("of staging 999"));
  EXPECT_FALSE(texts.contains("of staging 0"));
  EXPECT_EQ(texts.size(), 1'024 / limits::masked_value_bytes_min);
}

TEST(BoundedValues, PassOverWhatIsTooShortToBeMasked) {
  BoundedValues values(1'024);
  values.add({"production", "abc"});
  values.add({"production", ""});
  EXPECT_TRUE(texts_in(values).empty());
}

TEST(SecretMasks, KnowNoMoreDrawnTextsThanTheirBoundAndForgetTheOldest) {
  SecretMask mask;
  SecretMasks masks(mask);
  masks.learn_secrets({{"production", "a secret that is set"}});
  std::vector<EnvironmentValue> drawn;
  const std::size_t fit = limits::masked_drawn_bytes_max / limits::random_text_max;
  for (std::size_t i = 0; i < 2 * fit; ++i) drawn.push_back({"production", numbered_text(i, limits::random_text_max)});
  masks.learn_drawn(drawn);
  EXPECT_EQ(mask.masked(drawn[fit - 1].value), drawn[fit - 1].value);
  EXPECT_EQ(mask.masked(drawn[fit].value), "<masked>");
  EXPECT_EQ(mask.masked(drawn.back().value), "<masked>");
  EXPECT_EQ(mask.masked("a secret that is set"), "<masked>") << "they have a bound of their own";
}

/// Who administers one environment must not be able to make the coordinator forget the secrets of another.
TEST(SecretMasks, OfAnEnvironmentThatIsFullArePushedOutByItsOwn) {
  log::set_up("secret-masks-test", log::Level::off);
  SecretMask mask;
  SecretMasks masks(mask);
  masks.learn_secrets({{"production", "of production"}});
  std::vector<EnvironmentValue> many;
  for (std::size_t i = 0; i <= limits::masked_bytes_max / limits::secret_bytes_max; ++i) {
    many.push_back({"staging", numbered_text(i, limits::secret_bytes_max)});
  }
  masks.learn_secrets(many);
  EXPECT_EQ(mask.masked("of production"), "<masked>");
  EXPECT_EQ(mask.masked(many.front().value), many.front().value);
  EXPECT_EQ(mask.masked(many.back().value), "<masked>");
}

class MasksOfHosts : public ::testing::Test {
 protected:
  MasksOfHosts() {
    masks.learn_secrets({{"production", "of production"}, {"staging", "of staging"}});
    masks.note(HostId("web-1"), "production");
    masks.note(HostId("shared"), "production");
    masks.note(HostId("shared"), "staging");
    masks.note(HostId("plain"), "without-secrets");
  }
  std::string says(const std::string& host, const std::string& text = "of production, of staging") {
    return masks.of(HostId(host)).masked(text);
  }

  SecretMask mask;
  SecretMasks masks{mask};
};

TEST_F(MasksOfHosts, KnowTheSecretsOfTheirEnvironmentsAndNoOthers) {
  EXPECT_EQ(says("web-1"), "<masked>, of staging");
  EXPECT_EQ(says("shared"), "<masked>, <masked>");
  EXPECT_EQ(says("plain"), "of production, of staging");
}

TEST_F(MasksOfHosts, KnowAllSecretsWhereNothingIsKnownOfTheHost) {
  EXPECT_EQ(says("stranger"), "<masked>, <masked>");
  EXPECT_EQ(mask.masked("of production, of staging"), "<masked>, <masked>") << "and so does the program's log";
}

TEST_F(MasksOfHosts, KnowWhatIsLearntLater) {
  EXPECT_EQ(says("web-1", "set later"), "set later");
  masks.learn_secrets({{"staging", "set later"}});
  EXPECT_EQ(says("web-1", "set later"), "set later");
  masks.learn_drawn({{"production", "set later"}});
  EXPECT_EQ(says("web-1", "set later"), "<masked>");
  masks.note(HostId("plain"), "staging");
  EXPECT_EQ(says("plain"), "of production, <masked>");
}

TEST_F(MasksOfHosts, AreThoseOfEachHostAlsoWhenThereAreMoreThanAreKept) {
  std::vector<EnvironmentValue> values;
  for (std::size_t i = 0; i <= limits::masked_sets_max; ++i) {
    values.push_back({"environment-" + std::to_string(i), numbered_text(i, 64)});
    masks.note(HostId("host-" + std::to_string(i)), values.back().environment);
  }
  masks.learn_secrets(values);
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < limits::masked_sets_max; ++i) {
      const std::string host = "host-" + std::to_string(i);
      ASSERT_EQ(says(host, values[i].value), "<masked>") << host;
      ASSERT_EQ(says(host, values[i + 1].value), values[i + 1].value) << host;
    }
  }
}

TEST_F(MasksOfHosts, KnowAllSecretsOfAHostWithMoreEnvironmentsThanAreToldApart) {
  for (std::size_t i = 0; i < limits::masked_environments_per_host_max; ++i) {
    masks.note(HostId("web-1"), "review-" + std::to_string(i));
  }
  EXPECT_EQ(says("web-1"), "<masked>, <masked>");
}

}  // namespace
}  // namespace switchyard::fleet
