// A data directory of database version 4, from before groups. Applications learn what its users' details are.
#include <gtest/gtest.h>

#include <utility>

#include "earlier_directory.h"

namespace latchkey::test {
namespace {

constexpr std::int64_t kMadeAt = 1'795'846'341;  // seconds since 1970

constexpr const char* kAlicesToken = "1519b9a567acad558e746b8b892da8644ccf20ea";
constexpr const char* kAlicesOtherToken = "15199618b43bdac9a408172f48996bf587293f13";
constexpr const char* kDavesToken = "d8eedc451a24e5caed83b9a2bb729f13d8a0ab79";

class EarlierProfiles : public EarlierDirectory {
 protected:
  void SetUp() override { start_on("version-4", kMadeAt, {}); }
};

TEST_F(EarlierProfiles, TellApplicationsTheDetailsThatWereThere) {
  for (const auto& [token, address] :
       {std::pair(kAlicesToken, "192.0.2.1"), {kAlicesOtherToken, "2001:db8:0:1::1"}}) {
    const Response admitted = use(token, address);
    EXPECT_EQ(admitted.status, 200);
    EXPECT_EQ(admitted.value("Remote-Name"), "Alice%20%C3%85ngstr%C3%B6m");
    EXPECT_EQ(admitted.value("Remote-Email"), "alice@example.com");
    EXPECT_EQ(admitted.value("Remote-Groups"), "");
  }
  const Response daves = use(kDavesToken, "192.0.2.4");
  EXPECT_EQ(daves.status, 200);
  EXPECT_EQ(daves.value("Remote-Name"), "");
}

TEST_F(EarlierProfiles, TakeGroupsAndKeepThemOverAStart) {
  for (const char* const user : {"alice", "dave"}) {
    EXPECT_EQ(run_latchkey(data_, {"user", "group", "add", user, "staff"}).status, 0);
  }
  EXPECT_EQ(use(kAlicesToken, "192.0.2.1").value("Remote-Groups"), "staff");
  EXPECT_EQ(use(kDavesToken, "192.0.2.4").value("Remote-Groups"), "staff");
  EXPECT_EQ(server_->stop(), 0) << server_->log();
  server_->start_again();
  EXPECT_EQ(use(kAlicesOtherToken, "2001:db8:0:1::1").value("Remote-Groups"), "staff");
  EXPECT_EQ(use(kDavesToken, "192.0.2.4").value("Remote-Groups"), "staff");
}

}  // namespace
}  // namespace latchkey::test
