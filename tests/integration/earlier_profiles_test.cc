// A data directory of database version 4, from before groups (data/version-4, whose README says what is in
// it). The present version starts on a copy of it, and applications learn what its users' details are. The
// library that moves clocks (support/clock_shift.cc) sets the calendar to the day after it was made.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "latchkey/base/sanitized.h"
#include "support/clock_shift.h"
#include "support/control_page.h"
#include "support/rig.h"

namespace latchkey::test {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kMadeAt = 1'795'846'341;  // seconds since 1970

constexpr const char* kAlicesToken = "1519b9a567acad558e746b8b892da8644ccf20ea";
constexpr const char* kAlicesOtherToken = "15199618b43bdac9a408172f48996bf587293f13";
constexpr const char* kDavesToken = "d8eedc451a24e5caed83b9a2bb729f13d8a0ab79";

class EarlierProfiles : public ::testing::Test {
 protected:
  void SetUp() override {
    if (kAddressSanitized) GTEST_SKIP() << "the sanitizer wants to be the first library, and reads the clock";
    namespace fs = std::filesystem;
    const char* const earlier = std::getenv("EARLIER_DATA");
    ASSERT_NE(earlier, nullptr) << "run the tests by 'meson test'";
    fs::create_directory(data_);
    fs::permissions(data_, fs::perms::owner_all);
    for (const char* const name : {"latchkey.db", "latchkey.key"}) {
      fs::copy_file(fs::path(earlier) / "version-4" / name, data_ / name);
      fs::permissions(data_ / name, fs::perms::owner_read | fs::perms::owner_write);
    }
    shift_->set_s = kMadeAt + kDay - now_ms() / 1000;
    ServerOptions options;
    options.cores = 2;
    options.environment = shift_.environment(kClockShiftLibrary, kClockShiftVariable);
    options.flags = {"--token-timeout", "365d", "--trusted-proxy", "127.0.0.0/8"};
    server_.emplace(data_, options);
  }
  void TearDown() override {
    if (!server_) return;
    EXPECT_EQ(server_->stop(), 0) << server_->log();
    EXPECT_EQ(server_->log().find("level=error"), std::string::npos) << server_->log();
  }

  Response use(const std::string& token, const std::string& address, const std::string& path = kVerifyPath) {
    HttpClient client(server_->port());
    return client.request(
        "GET", path,
        {{"Authorization", "Token " + token}, {"X-Forwarded-For", address}, {"User-Agent", "fixture"}});
  }

  TemporaryDirectory scratch_;
  const std::filesystem::path data_ = scratch_ / "data";
  ControlPage<ClockShift> shift_{scratch_ / "clocks"};
  std::optional<ServerProcess> server_;
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
