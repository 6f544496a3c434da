#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

/// Exit status 77: this machine has no systemd that these tests could use.
int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (::geteuid() != 0 || ::access("/run/systemd/system", F_OK) != 0) {
    std::fprintf(stderr,
                 "these tests need root on a machine that systemd has booted: copy this program to a test host\n");
    return 77;
  }
  return RUN_ALL_TESTS();
}
