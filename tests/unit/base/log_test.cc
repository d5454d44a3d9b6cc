#include "latchkey/base/log.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace latchkey {
namespace {

class KeptLog final : public Log {
 public:
  void write(LogLevel level, std::string line) noexcept override {
    lines.emplace_back(level, std::move(line));
  }
  std::vector<std::pair<LogLevel, std::string>> lines;
};

std::string line_with(std::string_view value) {
  KeptLog log;
  LogEvent(log, LogLevel::kInfo, "test").field("value", value);
  return log.lines.at(0).second;
}

TEST(LogEvent, IsOneLineWithItsFieldsInTheOrderGiven) {
  KeptLog log;
  LogEvent(log, LogLevel::kWarning, "login.refused")
      .field("user", "alice")
      .field("status", 400)
      .field("left", -1);
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_EQ(log.lines[0].first, LogLevel::kWarning);
  EXPECT_EQ(log.lines[0].second, "event=login.refused user=alice status=400 left=-1");
}

TEST(LogEvent, IsHandedOverOnlyWhenItEnds) {
  KeptLog log;
  {
    LogEvent event(log, LogLevel::kInfo, "start");
    event.field("cores", 2);
    EXPECT_TRUE(log.lines.empty());
  }
  EXPECT_EQ(log.lines.size(), 1U);
}

TEST(LogEvent, OfTheAuditSaysSoAndWhoAskedForItBeforeWhatOthersWrote) {
  KeptLog log;
  LogRoom room = LogRoom::take(log);
  room.set_by(" uid=0 pid=7");
  LogEvent(room.another(), LogLevel::kInfo, "admin.user_unlocked")
      .field("seconds", 3)
      .text("user", "alice")
      .text("groups", "staff");
  LogEvent(std::move(room), LogLevel::kInfo, "admin.user_disabled").text("user", "x log=audit");
  LogEvent(LogRoom::take(log), LogLevel::kInfo, "logout").field("address", "192.0.2.1");
  ASSERT_EQ(log.lines.size(), 3U);
  EXPECT_EQ(log.lines[0].second,
            "event=admin.user_unlocked seconds=3 uid=0 pid=7 log=audit user=alice groups=staff");
  EXPECT_EQ(log.lines[1].second, "event=admin.user_disabled uid=0 pid=7 log=audit user=\"x log=audit\"");
  EXPECT_EQ(log.lines[2].second, "event=logout address=192.0.2.1 log=audit");
}

TEST(LogEvent, QuotesWhatWouldReadAsAnotherField) {
  EXPECT_EQ(line_with("plain/value:1"), "event=test value=plain/value:1");
  EXPECT_EQ(line_with(""), "event=test value=\"\"");
  EXPECT_EQ(line_with("a b"), "event=test value=\"a b\"");
  EXPECT_EQ(line_with("a=b"), "event=test value=\"a=b\"");
  EXPECT_EQ(line_with("say \"hi\""), "event=test value=\"say \\\"hi\\\"\"");
  EXPECT_EQ(line_with("back\\slash"), "event=test value=\"back\\\\slash\"");
}

// A user's name in the log must not be able to forge a line or control the terminal.
TEST(LogEvent, EscapesEveryControlCharacter) {
  EXPECT_EQ(line_with("a\nevent=login.ok"), "event=test value=\"a\\x0aevent=login.ok\"");
  EXPECT_EQ(line_with("\x1b[2J"), "event=test value=\"\\x1b[2J\"");
  EXPECT_EQ(line_with(std::string_view("\0\x7f", 2)), "event=test value=\"\\x00\\x7f\"");
}

TEST(LogEvent, LetsUtf8Through) { EXPECT_EQ(line_with("Zoë"), "event=test value=Zoë"); }

TEST(LogEvent, ShowsWhatWouldNotBeSeen) {
  EXPECT_EQ(line_with("a\u0085b"), R"(event=test value="a\u0085b")");
  EXPECT_EQ(line_with("a\u202eb"), R"(event=test value="a\u202eb")");
  EXPECT_EQ(line_with("a\u2028"), R"(event=test value="a\u2028")");
  EXPECT_EQ(line_with("a\u00a0b"), R"(event=test value="a\u00a0b")");
  EXPECT_EQ(line_with("\xff"), R"(event=test value="\xff")");
}

TEST(LogEvent, CutsAValueAt256BytesAndSaysHowManyMoreThereWere) {
  EXPECT_EQ(line_with(std::string(256, 'x')), "event=test value=" + std::string(256, 'x'));
  EXPECT_EQ(line_with(std::string(300, 'x')), "event=test value_cut=44 value=" + std::string(256, 'x'));
}

TEST(LogEvent, HalvesNoCharacterByTheCut) {
  const std::string value = std::string(255, 'x') + "é" + std::string(10, 'y');
  EXPECT_EQ(line_with(value), "event=test value_cut=12 value=" + std::string(255, 'x'));
}

// A name that contains such a mark cannot look as if it had been cut.
TEST(LogEvent, SaysOfACutWhereNoValueCanStand) {
  EXPECT_EQ(line_with("a value_cut=9"), R"(event=test value="a value_cut=9")");
}

}  // namespace
}  // namespace latchkey
