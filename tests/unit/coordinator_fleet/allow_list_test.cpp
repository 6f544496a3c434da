#include "coordinator/fleet/allow_list.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace switchyard::fleet {
namespace {

/// Refuses a key that another peer holds, as the transport does.
struct Transport {
  std::map<HostId, std::string> keys;
  std::vector<std::string> changes;

  AllowList list() {
    return AllowList(
        [this](const HostId& peer, const std::string& key) {
          for (const auto& [holder, held] : keys) {
            if (held == key && holder != peer) return false;
          }
          keys[peer] = key;
          changes.push_back("+" + peer.str());
          return true;
        },
        [this](const HostId& peer) {
          keys.erase(peer);
          changes.push_back("-" + peer.str());
        });
  }
};

TEST(AllowList, TellsTheTransportWhatChangedOnly) {
  Transport transport;
  AllowList list = transport.list();
  list.set({{"key-1", HostId("web-1")}, {"key-2", HostId("web-2")}});
  transport.changes.clear();
  list.set({{"key-1", HostId("web-1")}, {"key-3", HostId("web-3")}});
  EXPECT_EQ(transport.changes, (std::vector<std::string>{"-web-2", "+web-3"}));
}

TEST(AllowList, SilencesTheOldKeyOfAPeerThatHasANewOne) {
  Transport transport;
  AllowList list = transport.list();
  list.set({{"key-1", HostId("web-1")}});
  list.set({{"key-2", HostId("web-1")}});
  EXPECT_EQ(transport.changes, (std::vector<std::string>{"+web-1", "-web-1", "+web-1"}));
  EXPECT_EQ(transport.keys.at(HostId("web-1")), "key-2");
}

TEST(AllowList, LetsAKeyPassToAnotherPeer) {
  Transport transport;
  AllowList list = transport.list();
  list.set({{"key-1", HostId("web-1")}, {"key-2", HostId("web-2")}});
  list.set({{"key-2", HostId("web-1")}, {"key-1", HostId("web-2")}});
  EXPECT_EQ(transport.keys.at(HostId("web-1")), "key-2");
  EXPECT_EQ(transport.keys.at(HostId("web-2")), "key-1");
}

}  // namespace
}  // namespace switchyard::fleet
