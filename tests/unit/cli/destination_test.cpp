#include "cli/destination.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "common/error.hpp"
#include "common/ids.hpp"

namespace switchyard::cli {
namespace {

class DestinationTest : public ::testing::Test {
 protected:
  DestinationTest() : token_file(std::filesystem::temp_directory_path() / ("switchyard-token-" + random_hex(6))) {
    write("syt_secret\n");
  }
  ~DestinationTest() override { std::filesystem::remove(token_file); }
  void write(const std::string& text) { std::ofstream(token_file, std::ios::trunc) << text; }
  Destination find(const GlobalOptions& options) {
    return find_destination(options, [this](const char* name) -> const char* {
      const auto found = environment.find(name);
      return found == environment.end() ? nullptr : found->second.c_str();
    });
  }
  static GlobalOptions with(const std::string& socket, const std::string& url, const std::string& token) {
    GlobalOptions options;
    options.socket = socket;
    options.url = url;
    options.token_file = token;
    return options;
  }

  std::filesystem::path token_file;
  std::map<std::string, std::string> environment;
};

TEST_F(DestinationTest, IsTheLocalSocketUnlessToldOtherwise) {
  const Destination found = find({});
  EXPECT_EQ(found.socket, "/run/switchyard/coordinator.sock");
  EXPECT_TRUE(found.url.empty() && found.token.empty());
}

TEST_F(DestinationTest, TheCommandLineCountsBeforeTheEnvironment) {
  environment = {
      {"SWITCHYARD_URL", "http://env"}, {"SWITCHYARD_SOCKET", "/env"}, {"SWITCHYARD_TOKEN_FILE", token_file.string()}};
  EXPECT_EQ(find({}).url, "http://env");
  const Destination by_socket = find(with("/given", "", ""));
  EXPECT_EQ(by_socket.socket, "/given");
  EXPECT_TRUE(by_socket.url.empty());
  EXPECT_EQ(find(with("", "http://given/", "")).url, "http://given");
  environment.erase("SWITCHYARD_URL");
  EXPECT_EQ(find({}).socket, "/env");
}

TEST_F(DestinationTest, AUrlNeedsATokenThatIsOneWord) {
  EXPECT_EQ(find(with("", "http://x", token_file)).token, "syt_secret");
  EXPECT_THROW(find(with("", "http://x", "")), InputError);
  EXPECT_THROW(find(with("", "http://x", "/no/such/file")), InputError);
  for (const char* bad : {"", "\n", "two words", "a\nb", "\x1b"}) {
    write(bad);
    EXPECT_THROW(find(with("", "http://x", token_file)), InputError) << bad;
  }
  write(std::string(10'000, 'x'));
  EXPECT_THROW(find(with("", "http://x", token_file)), InputError);
}

TEST_F(DestinationTest, RefusesOtherKindsOfUrl) {
  for (const char* url : {"localhost:8765", "file:///etc/passwd", "ftp://x"}) {
    EXPECT_THROW(find(with("", url, token_file)), InputError) << url;
  }
}

}  // namespace
}  // namespace switchyard::cli
