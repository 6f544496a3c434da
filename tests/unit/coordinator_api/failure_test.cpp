#include "coordinator/api/failure.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "common/error.hpp"

namespace switchyard::api {

TEST(Failure, OfAFullDiskSaysSoAndWhatToDo) {
  for (const Response& response : {response_to_error(StoreFullError("the store failed at /secret/place")),
                                   response_to_error(SysError(ENOSPC, "writing a chunk to /secret/place"))}) {
    EXPECT_EQ(response.status, 503);
    EXPECT_NE(response.body.find("disk_full"), std::string::npos) << response.body;
    EXPECT_NE(response.body.find("free space"), std::string::npos) << response.body;
    EXPECT_EQ(response.body.find("secret"), std::string::npos) << response.body;
  }
  EXPECT_EQ(response_to_error(SysError(EACCES, "writing a chunk")).status, 500);
  EXPECT_EQ(response_to_error(StoreError("the store failed")).status, 503);
}

}  // namespace switchyard::api
