#include "token/user_record.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace latchkey::token {
namespace {

std::string header_name(std::string_view name) {
  UserRecord record;
  record.begin(1, 2, name);
  EXPECT_EQ(record.name(), name);
  std::string text(record.header_name());
  record.end();
  return text;
}

TEST(UserRecord, HoldsWhoItIs) {
  UserRecord record;
  record.begin(-5, 0xBEEF, "alice");
  EXPECT_EQ(record.id(), -5);
  EXPECT_EQ(record.tag(), 0xBEEF);
  EXPECT_EQ(record.name(), "alice");
  EXPECT_EQ(record.tokens.count, 0U);
  EXPECT_EQ(record.bytes_outside(), 0U);
  record.end();
}

TEST(UserRecord, OfAnOrdinaryNameIsInOneLineAndOfALongOneOutside) {
  for (const std::size_t length : {0U, 1U, 31U, 32U, 33U, 150U, 4096U}) {
    const std::string name(length, 'n');
    UserRecord record;
    record.begin(1, 2, name);
    EXPECT_EQ(record.name(), name);
    EXPECT_EQ(record.header_name(), name);
    EXPECT_EQ(record.bytes_outside(), length <= 32 ? 0U : length);
    record.end();
    record.begin(3, 4, "again");
    EXPECT_EQ(record.name(), "again");
    record.end();
  }
}

TEST(UserRecord, ANameOfVisibleAsciiStandsInAHeaderAsItIs) {
  EXPECT_EQ(header_name("alice@example.org!#~"), "alice@example.org!#~");
  EXPECT_EQ(header_name(""), "");
}

TEST(UserRecord, AnythingElseStandsThereByItsBytes) {
  EXPECT_EQ(header_name("a b"), "a%20b");
  EXPECT_EQ(header_name("100%"), "100%25");
  EXPECT_EQ(header_name("J\xC3\xBCrgen\x7F\r\n"), "J%C3%BCrgen%7F%0D%0A");
  EXPECT_EQ(header_name(std::string(4096, ' ')).size(), 3U * 4096);
}

}  // namespace
}  // namespace latchkey::token
