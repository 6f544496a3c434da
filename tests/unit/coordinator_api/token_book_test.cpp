#include "coordinator/api/token_book.hpp"

#include <gtest/gtest.h>

#include "common/crypto.hpp"
#include "common/error.hpp"
#include "tests/support/memory_file_system.hpp"

namespace switchyard::api {
namespace {

const std::filesystem::path directory = "/state";
const std::filesystem::path book_path = directory / "tokens.json";
const std::filesystem::path secret_path = directory / "admin.token";

std::optional<std::string> principal_of(const TokenBook& book, const std::string& authorization) {
  const auto digest = bearer_digest(authorization);
  const auto bearer = digest ? book.bearer(*digest) : std::nullopt;
  return bearer ? std::optional(bearer->who.name) : std::nullopt;
}

class TokenBookTest : public ::testing::Test {
 protected:
  TokenBookTest() { files.create_directories(directory, 0700); }
  std::string admin_token() {
    std::string token = files.read(secret_path).value();
    token.pop_back();  // the line's end
    return token;
  }
  testing::MemoryFileSystem files;
};

TEST_F(TokenBookTest, MakesAnAdministratorsTokenAtTheFirstStart) {
  const TokenBook book = TokenBook::open(files, directory);
  EXPECT_EQ(principal_of(book, "Bearer " + admin_token()), "token:admin");
}

TEST_F(TokenBookTest, KeepsTheTokenOverARestart) {
  TokenBook::open(files, directory);
  const std::string token = admin_token();
  EXPECT_EQ(principal_of(TokenBook::open(files, directory), "Bearer " + token), "token:admin");
  EXPECT_EQ(admin_token(), token);
}

TEST_F(TokenBookTest, KeepsNoTokenInClearBesideTheAdministratorsFile) {
  TokenBook::open(files, directory);
  EXPECT_EQ(files.read(book_path).value().find(admin_token()), std::string::npos);
}

TEST_F(TokenBookTest, ACrashAtTheFirstStartLeavesNoTokenThatDoesNotWork) {
  files.crash_call(2, 0);  // after admin.token, before tokens.json
  EXPECT_THROW(TokenBook::open(files, directory), testing::SimulatedCrash);
  files.crash();
  const TokenBook book = TokenBook::open(files, directory);
  EXPECT_EQ(principal_of(book, "Bearer " + admin_token()), "token:admin");
}

TEST_F(TokenBookTest, KnowsEveryTokenOfTheFile) {
  const std::string text = R"({"tokens":[{"id":"admin","sha256":")" + sha256_hex("one") +
                           R"("},{"id":"ci","sha256":")" + sha256_hex("two") + R"("}]})";
  files.write_atomically(book_path, text, 0600);
  const TokenBook book = TokenBook::open(files, directory);
  EXPECT_EQ(principal_of(book, "Bearer one"), "token:admin");
  EXPECT_EQ(principal_of(book, "Bearer two"), "token:ci");
}

TEST_F(TokenBookTest, KnowsNobodyElse) {
  const TokenBook book = TokenBook::open(files, directory);
  const std::string token = admin_token();
  for (const std::string& wrong :
       {std::string(), std::string("Bearer "), token, "bearer" + token, "Bearer  " + token, "Bearer " + token + " ",
        "Basic " + token, "Bearer " + token.substr(1), "Bearer " + sha256_hex(token)}) {
    EXPECT_FALSE(principal_of(book, wrong)) << wrong;
  }
}

TEST_F(TokenBookTest, TellsATokenThatCouldBeGuessedByItsLength) {
  EXPECT_TRUE(shows_guessable_token("Bearer token1"));
  EXPECT_TRUE(shows_guessable_token("Bearer " + std::string(15, 'x')));
  EXPECT_FALSE(shows_guessable_token("Bearer " + std::string(16, 'x')));
  EXPECT_FALSE(shows_guessable_token("Basic x")) << "no token at all";
}

TEST_F(TokenBookTest, MakesEveryoneOfItAnAdministratorAndNamesHisTokenByItsDigest) {
  files.write_atomically(book_path, R"({"tokens":[{"id":"admin","sha256":")" + sha256_hex("one") + R"("}]})", 0600);
  const auto bearer = TokenBook::open(files, directory).bearer(sha256_hex("one"));
  ASSERT_TRUE(bearer.has_value());
  EXPECT_EQ(bearer->who, access::administrator("token:admin"));
  EXPECT_EQ(bearer->token, sha256_hex("one").substr(0, 12));
}

TEST_F(TokenBookTest, TakesTheAdministratorsOfTheEnvironment) {
  TokenBook book = TokenBook::open(files, directory);
  book.add_administrators(admin_tokens_of("token1, token2,,"));
  const auto bearer = book.bearer(sha256_hex("token2"));
  ASSERT_TRUE(bearer.has_value());
  EXPECT_EQ(bearer->who.name, "token:env-" + sha256_hex("token2").substr(0, 12));
  EXPECT_EQ(bearer->who.kind, access::Kind::person);
  EXPECT_TRUE(book.bearer(sha256_hex("token1")).has_value());
  EXPECT_FALSE(book.bearer(sha256_hex("")).has_value());
  EXPECT_FALSE(book.bearer(sha256_hex(" token2")).has_value());
}

TEST(AdminTokens, StandBetweenCommas) {
  EXPECT_EQ(admin_tokens_of(""), std::vector<std::string>{});
  EXPECT_EQ(admin_tokens_of(" , ,"), std::vector<std::string>{});
  EXPECT_EQ(admin_tokens_of("a"), std::vector<std::string>{"a"});
  EXPECT_EQ(admin_tokens_of("a,b c , d"), (std::vector<std::string>{"a", "b c", "d"}));
}

TEST_F(TokenBookTest, RefusesAMalformedFileAndNamesIt) {
  for (const char* bad : {"", "{", "[]", "{}", R"({"tokens":{}})", R"({"tokens":[1]})", R"({"tokens":[{"id":"a"}]})",
                          R"({"tokens":[{"id":"a","sha256":"00"}]})", R"({"tokens":[{"id":"../a","sha256":"00"}]})"}) {
    files.write_atomically(book_path, bad, 0600);
    try {
      TokenBook::open(files, directory);
      ADD_FAILURE() << "taken: " << bad;
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find("/state/tokens.json"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace switchyard::api
