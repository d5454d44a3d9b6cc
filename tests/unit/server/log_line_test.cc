#include "server/log_line.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/base/hex.h"
#include "latchkey/base/printable.h"

namespace latchkey::server {
namespace {

constexpr WallTime kTime{1'378'417'595'729};

/// Keeps the line that an event makes.
class LineKeeper final : public Log {
 public:
  void write(LogLevel, std::string line) noexcept override { kept = std::move(line); }
  std::string kept;
};

std::string event_about(std::string_view user) {
  LineKeeper log;
  LogEvent(log, LogLevel::kInfo, "tried").field("count", 3).text("user", user);
  return log.kept;
}

/// The members of a line in JSON, which has nothing but strings.
std::map<std::string, std::string> members_of(const std::string& line) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  EXPECT_EQ(parser.parse(line).get(object), simdjson::SUCCESS) << line;
  std::map<std::string, std::string> members;
  for (const auto [key, value] : object) {
    std::string_view text;
    EXPECT_EQ(value.get(text), simdjson::SUCCESS) << line;
    EXPECT_TRUE(members.emplace(key, text).second) << line;
  }
  return members;
}

std::string json_about(std::string_view user) {
  return log_line(LogFormat::kJson, kTime, LogLevel::kInfo, event_about(user));
}

std::string utf8(char32_t code_point) {
  std::string text;
  if (code_point < 0x80) return {static_cast<char>(code_point)};
  const auto continuation = [code_point](int shift) {
    return static_cast<char>(0x80 | (code_point >> shift & 0x3f));
  };
  if (code_point < 0x800) return {static_cast<char>(0xc0 | code_point >> 6), continuation(0)};
  if (code_point < 0x10000)
    return {static_cast<char>(0xe0 | code_point >> 12), continuation(6), continuation(0)};
  return {static_cast<char>(0xf0 | code_point >> 18), continuation(12), continuation(6), continuation(0)};
}

TEST(LogLine, InLogfmtHasTimeAndLevelBeforeTheEvent) {
  EXPECT_EQ(log_line(LogFormat::kLogfmt, kTime, LogLevel::kWarning, "event=slow ms=3"),
            "time=2013-09-05T21:46:35.729Z level=warning event=slow ms=3");
}

TEST(LogLine, InJsonHasTheSameKeysInTheSameOrder) {
  EXPECT_EQ(log_line(LogFormat::kJson, kTime, LogLevel::kError,
                     R"(event=login.failed address=192.0.2.1 user="a b")"),
            R"({"time":"2013-09-05T21:46:35.729Z","level":"error","event":"login.failed",)"
            R"("address":"192.0.2.1","user":"a b"})");
}

TEST(LogLine, InJsonTakesAnEventWithoutFields) {
  EXPECT_EQ(log_line(LogFormat::kJson, kTime, LogLevel::kDebug, "event=server.stopped"),
            R"({"time":"2013-09-05T21:46:35.729Z","level":"debug","event":"server.stopped"})");
}

TEST(LogLine, InJsonKeepsAnEmptyValue) { EXPECT_EQ(members_of(json_about("")).at("user"), ""); }

TEST(LogLine, InJsonIsNotMisledByANameThatLooksLikeFields) {
  const auto members = members_of(json_about("x\" address=203.0.113.9 event=login.refused \\"));
  EXPECT_EQ(members.at("user"), "x\" address=203.0.113.9 event=login.refused \\");
  EXPECT_EQ(members.at("event"), "tried");
  EXPECT_EQ(members.count("address"), 0U);
}

TEST(LogLine, InJsonSaysWhichBytesAValueHasThatIsNotUtf8) {
  const auto members = members_of(json_about("a\xff\xfe"));
  EXPECT_EQ(members.at("user"), "a\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(members.at("user_hex"), "61fffe");
}

TEST(LogLine, InJsonDecodesToWhatCameInForEachCharacterThereIs) {
  constexpr char32_t kInOneName = 50;  // which a value holds without a cut
  constexpr char32_t kEnd = 0x110000;
  for (char32_t first = 0; first < kEnd; first += kInOneName) {
    std::string user;
    std::vector<std::string> invisible;
    for (char32_t code_point = first; code_point < std::min<char32_t>(first + kInOneName, kEnd);
         ++code_point) {
      if (code_point >= 0xd800 && code_point <= 0xdfff) continue;
      user += utf8(code_point);
      if (!is_visible(code_point)) invisible.push_back(utf8(code_point));
    }
    const std::string line = json_about(user);
    ASSERT_EQ(members_of(line).at("user"), user) << std::hex << static_cast<std::uint32_t>(first);
    // A reader that shows a line as it is shows all of it.
    for (const std::string& text : invisible) ASSERT_EQ(line.find(text), std::string::npos) << line;
  }
}

TEST(LogLine, InJsonIsWholeForAnyBytes) {
  std::mt19937 random(7);  // NOLINT(bugprone-random-generator-seed): the same names each time
  for (int round = 0; round < 20'000; ++round) {
    std::string user(random() % 24, '\0');
    for (char& byte : user) byte = static_cast<char>(random());
    const auto members = members_of(json_about(user));
    if (members.count("user_hex") == 0) {
      ASSERT_EQ(members.at("user"), user);
    } else {
      std::string bytes(user.size(), '\0');
      ASSERT_TRUE(from_hex(members.at("user_hex"),
                           std::span(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size())));
      ASSERT_EQ(bytes, user);
    }
  }
}

TEST(JournalPrefix, IsTheLevelOfSyslog) {
  EXPECT_EQ(journal_prefix(LogLevel::kError), "<3>");
  EXPECT_EQ(journal_prefix(LogLevel::kWarning), "<4>");
  EXPECT_EQ(journal_prefix(LogLevel::kInfo), "<6>");
  EXPECT_EQ(journal_prefix(LogLevel::kDebug), "<7>");
}

TEST(IsJournal, HoldsForTheStreamThatTheVariableNamesAlone) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  struct stat found {};
  ASSERT_EQ(::fstat(ends[1], &found), 0);
  EXPECT_TRUE(is_journal(ends[1], fmt::format("{}:{}", found.st_dev, found.st_ino)));
  EXPECT_FALSE(is_journal(ends[1], fmt::format("{}:{}", found.st_dev, found.st_ino + 1)));
  EXPECT_FALSE(is_journal(ends[1], ""));
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace latchkey::server
