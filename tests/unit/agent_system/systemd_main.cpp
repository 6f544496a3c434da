#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

/// Exit status 77: this is no host that these tests may use. They write unit files and packet rules, so the host must
/// have been made for them, and whoever made it says so by SWITCHYARD_TEST_HOST=1.
int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const char* made_for_tests = std::getenv("SWITCHYARD_TEST_HOST");
  if (::geteuid() != 0 || ::access("/run/systemd/system", F_OK) != 0 || made_for_tests == nullptr) {
    std::fprintf(stderr,
                 "these tests need root on a test host that systemd has booted (script/fleet), with "
                 "SWITCHYARD_TEST_HOST=1: copy this program there\n");
    return 77;
  }
  return RUN_ALL_TESTS();
}
