#include "coordinator/store/memory_store.hpp"

#include <gtest/gtest.h>

#include "common/error.hpp"

namespace switchyard::store {
namespace {

TEST(MemoryStore, LosesTheCommitThatAFaultWasArmedFor) {
  MemoryStore store;
  store.take_epoch("test");
  store.fail_commit(2, MemoryStore::Fault::lost);
  store.commit({PutHost{{.id = HostId("a")}}});
  EXPECT_THROW(store.commit({PutHost{{.id = HostId("b")}}}), StoreError);
  store.commit({PutHost{{.id = HostId("c")}}});
  ASSERT_EQ(store.hosts().size(), 2u);
  EXPECT_EQ(store.hosts()[1].id.str(), "c");
}

TEST(MemoryStore, KeepsACommitAndStillThrowsWhenTheCrashComesAfterTheWrite) {
  MemoryStore store;
  store.take_epoch("test");
  store.fail_commit(1, MemoryStore::Fault::kept);
  EXPECT_THROW(store.commit({PutHost{{.id = HostId("a")}}}), StoreError);
  MemoryStore next(store.disk());
  next.take_epoch("next");
  EXPECT_EQ(next.hosts().size(), 1u);
}

}  // namespace
}  // namespace switchyard::store
