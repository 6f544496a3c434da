#include "coordinator/audit_file.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard {
namespace {

class AuditFile : public ::testing::Test {
 protected:
  AuditFile() {
    char name[] = "/tmp/switchyard-audit-XXXXXX";
    directory = ::mkdtemp(name);
    file = directory / "audit.log";
  }
  ~AuditFile() override { std::filesystem::remove_all(directory); }
  std::string content() const {
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }
  std::filesystem::path directory, file;
};

TEST_F(AuditFile, IsMadeForItsGroupToReadAndOnlyAppendedTo) {
  EXPECT_TRUE(append_audit_lines(file, "one\n"));
  EXPECT_TRUE(append_audit_lines(file, "two\n"));
  EXPECT_EQ(content(), "one\ntwo\n");
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07, 0u);
}

TEST_F(AuditFile, MayBeRotatedAwayAtAnyMoment) {
  EXPECT_TRUE(append_audit_lines(file, "one\n"));
  std::filesystem::rename(file, directory / "audit.log.1");
  EXPECT_TRUE(append_audit_lines(file, "two\n"));
  EXPECT_EQ(content(), "two\n");
  EXPECT_EQ(read_audit_tail(file), "two\n");
}

TEST_F(AuditFile, OfALongOneTheEndIsRead) {
  EXPECT_EQ(read_audit_tail(file), "");
  const std::string line(1'000, 'x');
  for (int i = 0; i < 400; ++i) EXPECT_TRUE(append_audit_lines(file, line));
  EXPECT_TRUE(append_audit_lines(file, "end\n"));
  const std::string tail = read_audit_tail(file);
  EXPECT_EQ(tail.size(), limits::audit_text_tail_bytes);
  EXPECT_TRUE(tail.ends_with("xend\n"));
}

TEST_F(AuditFile, WaitsForNoReaderOfAPipeAndFollowsNoLink) {
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  EXPECT_FALSE(append_audit_lines(file, "one\n"));
  std::filesystem::remove(file);
  std::filesystem::create_symlink(directory / "elsewhere", file);
  EXPECT_FALSE(append_audit_lines(file, "one\n"));
  EXPECT_FALSE(std::filesystem::exists(directory / "elsewhere"));
  EXPECT_THROW(read_audit_tail(directory), InputError);
}

}  // namespace
}  // namespace switchyard
