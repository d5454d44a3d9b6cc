#include "latchkey/base/assert.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

TEST(AssertDeathTest, EndsTheProcessAndSaysWhatAndWhere) {
  EXPECT_DEATH(LATCHKEY_ASSERT(1 + 1 == 3), "1 \\+ 1 == 3.*assert_test\\.cc|assert_test\\.cc.*1 \\+ 1 == 3");
}

TEST(Assert, LooksAtItsStatementOnce) {
  int looks = 0;
  LATCHKEY_ASSERT(++looks > 0);
  EXPECT_EQ(looks, 1);
}

}  // namespace
}  // namespace latchkey
