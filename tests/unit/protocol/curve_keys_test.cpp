#include "protocol/zmq_curve_keys.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/error.hpp"
#include "protocol/enrolment.hpp"

namespace switchyard::protocol {
namespace {

class CurveKeys : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "curve-keys-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory = pattern;
    file = directory / "agent.key";
  }
  void TearDown() override { std::filesystem::remove_all(directory); }
  std::string trouble() {
    try {
      load_curve_keys(file);
      return {};
    } catch (const InputError& error) {
      return error.what();
    }
  }
  std::filesystem::path directory;
  std::filesystem::path file;
};

TEST_F(CurveKeys, ReadBackWhatTheySaved) {
  const CurveKeyPair keys = generate_curve_keys();
  save_curve_keys(file, keys);
  struct stat facts {};
  ASSERT_EQ(::stat(file.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0600u);
  const CurveKeyPair loaded = load_curve_keys(file);
  EXPECT_EQ(loaded.public_key, keys.public_key);
  EXPECT_EQ(loaded.secret, keys.secret);
}

TEST_F(CurveKeys, RefuseAFileThatOthersMayRead) {
  save_curve_keys(file, generate_curve_keys());
  for (const mode_t mode : {0640u, 0604u, 0660u, 0666u}) {
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);
    EXPECT_NE(trouble().find("chmod 0600"), std::string::npos) << std::oct << mode;
  }
}

TEST_F(CurveKeys, RefuseALinkAndADirectory) {
  save_curve_keys(directory / "real", generate_curve_keys());
  std::filesystem::create_symlink(directory / "real", file);
  EXPECT_THROW(load_curve_keys(file), SysError);
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);
  EXPECT_NE(trouble().find("not a regular file"), std::string::npos);
}

TEST_F(CurveKeys, SayThatTheHostIsNotEnrolledWhenThereIsNoFile) {
  EXPECT_NE(trouble().find("enrol this host"), std::string::npos);
}

TEST_F(CurveKeys, RefuseKeysThatDoNotBelongTogether) {
  CurveKeyPair keys = generate_curve_keys();
  keys.public_key = generate_curve_keys().public_key;
  save_curve_keys(file, keys);
  EXPECT_NE(trouble().find("do not belong together"), std::string::npos);
}

TEST_F(CurveKeys, RefuseAFileCutShortAtAnyByte) {
  save_curve_keys(file, generate_curve_keys());
  const auto size = std::filesystem::file_size(file);
  for (std::uintmax_t length = size; length-- > 0;) {
    std::filesystem::resize_file(file, length);
    EXPECT_NE(trouble().find("holds no key pair"), std::string::npos) << length;
  }
}

TEST_F(CurveKeys, OfOneTokenAreTheSameOnBothSidesAndOfAnotherDiffer) {
  const std::string token(32, 'a');
  const std::string other(32, 'b');
  const CurveKeyPair keys = curve_keys_from_secret(enrolment_secret(token));
  EXPECT_EQ(keys.public_key, curve_keys_from_secret(enrolment_secret(token)).public_key);
  EXPECT_NE(keys.public_key, curve_keys_from_secret(enrolment_secret(other)).public_key);
  EXPECT_TRUE(is_curve_key(keys.public_key));
  EXPECT_NE(keys.secret, curve_key_text(token));  // the token itself is no key
}

}  // namespace
}  // namespace switchyard::protocol
