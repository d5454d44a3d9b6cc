#include "latchkey/base/secret_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace latchkey {
namespace {

TEST(SecretBuffer, GrowsAndIsCutAtItsFront) {
  SecretBuffer buffer;
  EXPECT_TRUE(buffer.empty());
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string more = std::to_string(i) + ",";
    buffer.append(more);
    expected += more;
    ASSERT_EQ(buffer.view(), expected);
  }
  buffer.drop_front(0);
  buffer.drop_front(1234);
  EXPECT_EQ(buffer.view(), expected.substr(1234));
  buffer.append("");
  buffer.bytes().front() = '!';
  EXPECT_EQ(buffer.view().front(), '!');
  buffer.clear();
  EXPECT_EQ(buffer.view(), "");
  buffer.append("again");
  EXPECT_EQ(buffer.view(), "again");
}

TEST(SecretBuffer, MovesNothingWithinWhatWasReserved) {
  SecretBuffer buffer;
  buffer.reserve(5000);
  buffer.append("x");
  const char* const where = buffer.view().data();
  buffer.append(std::string(4999, 'y'));
  EXPECT_EQ(buffer.view().data(), where);
}

TEST(SecretBuffer, LeavesNothingBehindWhatItIsCutTo) {
  SecretBuffer buffer;
  buffer.append("a password and more");
  buffer.drop_front(11);
  EXPECT_EQ(buffer.view(), "and more");
  // This is still the buffer's own memory.
  const char* const behind = buffer.view().data() + buffer.size();
  EXPECT_TRUE(std::all_of(behind, behind + 11, [](char c) { return c == '\0'; }));
}

}  // namespace
}  // namespace latchkey
