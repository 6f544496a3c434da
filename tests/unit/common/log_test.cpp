#include "common/log.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "common/base64.hpp"
#include "common/secret_mask.hpp"

namespace switchyard::log {
namespace {

std::string written(const std::string& message, const std::string& value) {
  set_up("test", Level::info);
  ::testing::internal::CaptureStderr();
  info(message, {{"field", value}});
  return ::testing::internal::GetCapturedStderr();
}

TEST(Log, KeepsWhatOthersSaidInOneLineAndOutOfTheTerminalsHands) {
  for (const std::string& said :
       {std::string("a\n<0>forged"), std::string("a\r\nb"), std::string("\x1b[2J\x1b]0;owned\x07"),
        std::string("nul\0hidden", 10), std::string("\x7f\x08\x08"), std::string("\n\n\n")}) {
    for (const std::string& line : {written(said, "x"), written("x", said)}) {
      EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
      EXPECT_TRUE(line.ends_with('\n'));
      EXPECT_TRUE(std::all_of(line.begin(), line.end() - 1, [](char c) {
        return static_cast<unsigned char>(c) >= 0x20;
      })) << line;
    }
  }
}

TEST(Log, BlackensSecretsInMessagesAndValuesHoweverTheyAreEscaped) {
  SecretMask mask;
  mask.add({"pass \"word\n1"});
  set_up("test", Level::info, &mask);
  ::testing::internal::CaptureStderr();
  info("was told pass \"word\n1", {{"field", "a pass \"word\n1 b"}, {"base64", base64("pass \"word\n1")}});
  const std::string line = ::testing::internal::GetCapturedStderr();
  set_up("test", Level::info);
  EXPECT_NE(line.find("was told <masked> field=\"a <masked> b\" base64=<masked>"), std::string::npos) << line;
}

TEST(Log, QuotesAValueThatCouldBeTakenForAnotherField) {
  EXPECT_NE(written("x", "a other=b").find("field=\"a other=b\""), std::string::npos);
  EXPECT_NE(written("x", "a\" other=\"b").find("field=\"a\\\" other=\\\"b\""), std::string::npos);
}

}  // namespace
}  // namespace switchyard::log
