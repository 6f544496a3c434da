#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "agent/probes/probe.hpp"
#include "tests/support/real_time.hpp"
#include "tests/unit/agent_executors/real_server.hpp"
#include "tests/unit/agent_executors/scratch.hpp"

/// What the tests of tier 0 share: the servers themselves, started as nobody and stopped here.
namespace switchyard::agent::testing {

inline void write_secret(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file) << text << "\n";
  ::chmod(file.c_str(), 0600);
}

/// To the user as whom servers run.
inline void give_away(const std::filesystem::path& path) {
  if (::chown(path.c_str(), nobody, nobody) != 0) ADD_FAILURE() << "the test must be root";
}

inline std::filesystem::path postgres_program(const std::string& name) {
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql")) {
    if (std::filesystem::exists(version.path() / "bin" / name)) return version.path() / "bin" / name;
  }
  return {};
}

/// A database whose superuser `keeper` signs in by SCRAM, on a port of its own.
class Postgres {
 public:
  /// `settings`: further words for its command line.
  explicit Postgres(const std::filesystem::path& place, const std::string& method = "scram-sha-256",
                    const std::vector<std::string>& settings = {}) {
    const std::filesystem::path password = place / "initial";
    std::ofstream(password) << "correct horse\n";
    for (const auto& path : {place, password}) give_away(path);
    const std::string data = (place / "data").string();
    EXPECT_EQ(RealServer::run({postgres_program("initdb"), "-D", data, "-U", "keeper", "-A", method,
                               "--pwfile=" + password.string(), "--no-sync"}),
              0);
    std::vector<std::string> argv = {
        postgres_program("postgres"), "-D", data, "-p", std::to_string(port), "-h", "127.0.0.1", "-k", place.string()};
    argv.insert(argv.end(), settings.begin(), settings.end());
    server_ = std::make_unique<RealServer>(argv);
    EXPECT_TRUE(RealServer::listens(port));
  }
  const std::uint16_t port = free_port();

 private:
  std::unique_ptr<RealServer> server_;
};

class Integrity : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can start servers as another user";
    std::filesystem::permissions(scratch.path(), std::filesystem::perms::all);
    std::filesystem::create_directory(credentials);
  }
  Scratch scratch;
  const std::filesystem::path credentials = scratch / "credentials";
};

class Database : public Integrity {
 protected:
  /// A server that has just begun to listen may still be starting up.
  ProbeTry ask(const protocol::DatabaseProbe& probe) const {
    ProbeTry tried;
    switchyard::testing::within_ms(5'000, [&] {
      tried = try_database(probe, credentials, 5000, {});
      return tried.detail.find("57P03") == std::string::npos;
    });
    return tried;
  }
};

}  // namespace switchyard::agent::testing
