#include "latchkey/base/percent.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

TEST(PercentTest, LeavesVisibleAsciiAndEncodesTheRest) {
  EXPECT_EQ(percent_encode("alice@example.org"), "alice@example.org");
  EXPECT_EQ(percent_encode("zo\u00eb%"), "zo%C3%AB%25");
  EXPECT_EQ(percent_encode("a b\x7f"), "a%20b%7F");
  EXPECT_EQ(percent_encode(""), "");
}

TEST(PercentTest, SaysHowLongTheEncodedTextIs) {
  EXPECT_EQ(percent_encoded_bytes("abc"), 3U);
  EXPECT_EQ(percent_encoded_bytes("a%"), 4U);
}

TEST(PercentTest, AComponentKeepsTheUnreservedCharactersAlone) {
  EXPECT_EQ(percent_encode_component("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode_component("a/b?c=d&e f%\xC3"), "a%2Fb%3Fc%3Dd%26e%20f%25%C3");
}

}  // namespace
}  // namespace latchkey
