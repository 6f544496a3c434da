#include "coordinator/api/connection_book.hpp"

#include <gtest/gtest.h>

namespace switchyard::api {
namespace {

TEST(ConnectionBook, LetsTheOldestOfThoseThatProvedNothingGiveWay) {
  ConnectionBook book({.all = 3, .per_user = 3});
  const auto known = book.enter("");
  const auto silent = book.enter("");
  book.enter("");
  book.prove(known);
  const auto place = book.place_for("");
  EXPECT_TRUE(place.free);
  EXPECT_EQ(place.gives_way, silent);
}

TEST(ConnectionBook, SendsNobodyAwayWhoIsKnown) {
  ConnectionBook book({.all = 2, .per_user = 2});
  book.prove(book.enter(""));
  book.prove(book.enter(""));
  EXPECT_FALSE(book.place_for("").free);
}

TEST(ConnectionBook, GivesOneUserHisShareAndLeavesTheOthersTheirs) {
  ConnectionBook book({.all = 4, .per_user = 2});
  const auto root = book.enter("local:root");
  book.prove(book.enter("local:eve"));
  book.prove(book.enter("local:eve"));
  EXPECT_FALSE(book.place_for("local:eve").free) << "she may not push out root's connection " << root;
  EXPECT_TRUE(book.place_for("local:root").free);
  EXPECT_EQ(book.place_for("local:root").gives_way, std::nullopt);
}

TEST(ConnectionBook, HasRoomAgainWhenOneHasLeft) {
  ConnectionBook book({.all = 1, .per_user = 1});
  const auto only = book.enter("");
  book.prove(only);
  EXPECT_FALSE(book.place_for("").free);
  book.leave(only);
  book.leave(only);
  book.prove(only);
  EXPECT_TRUE(book.place_for("").free);
}

}  // namespace
}  // namespace switchyard::api
