// Data directories that earlier versions left (data/version-N, whose READMEs say what is in them). The
// present version starts on a copy of one. The library that moves clocks (support/clock_shift.cc) sets the
// calendar to the day after it was made. Thread: a test's own.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "latchkey/base/sanitized.h"
#include "support/clock_shift.h"
#include "support/control_page.h"
#include "support/rig.h"

namespace latchkey::test {

class EarlierDirectory : public ::testing::Test {
 protected:
  static constexpr std::int64_t kDay = 86'400;

  /// Starts on the directory of this version, made at `made_at` (seconds since 1970), or skips the test.
  void start_on(const char* version, std::int64_t made_at, ServerOptions options) {
    if (kAddressSanitized) GTEST_SKIP() << "the sanitizer wants to be the first library, and reads the clock";
    namespace fs = std::filesystem;
    const char* const earlier = std::getenv("EARLIER_DATA");
    ASSERT_NE(earlier, nullptr) << "run the tests by 'meson test'";
    fs::create_directory(data_);
    fs::permissions(data_, fs::perms::owner_all);
    for (const char* const name : {"latchkey.db", "latchkey.key"}) {
      fs::copy_file(fs::path(earlier) / version / name, data_ / name);
      fs::permissions(data_ / name, fs::perms::owner_read | fs::perms::owner_write);
    }
    shift_->set_s = made_at + kDay - now_ms() / 1000;
    options.cores = 2;
    options.environment = shift_.environment(kClockShiftLibrary, kClockShiftVariable);
    options.flags.insert(options.flags.end(), {"--token-timeout", "365d", "--trusted-proxy", "127.0.0.0/8"});
    server_.emplace(data_, std::move(options));
  }
  void TearDown() override {
    if (!server_) return;
    EXPECT_EQ(server_->stop(), 0) << server_->log();
    EXPECT_EQ(server_->log().find("level=error"), std::string::npos) << server_->log();
  }

  Response use(const std::string& token, const std::string& address, const std::string& path = kVerifyPath,
               const std::string& agent = "fixture") {
    HttpClient client(server_->port());
    return client.request(
        "GET", path,
        {{"Authorization", "Token " + token}, {"X-Forwarded-For", address}, {"User-Agent", agent}});
  }

  TemporaryDirectory scratch_;
  const std::filesystem::path data_ = scratch_ / "data";
  ControlPage<ClockShift> shift_{scratch_ / "clocks"};
  std::optional<ServerProcess> server_;
};

}  // namespace latchkey::test
