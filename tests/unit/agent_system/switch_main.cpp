#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "tests/unit/agent_system/test_network.hpp"

/// Exit status 77: this machine cannot run these tests, and the message says why.
int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (!switchyard::testing::enter_own_network()) {
    std::fprintf(stderr, "these tests need root: they run in a network namespace of their own\n");
    return 77;
  }
  for (const char* tool : {"/usr/sbin/nft", "/usr/sbin/ip", "/usr/sbin/haproxy"}) {
    if (::access(tool, X_OK) == 0) continue;
    std::fprintf(stderr, "these tests need %s\n", tool);
    return 77;
  }
  return RUN_ALL_TESTS();
}
