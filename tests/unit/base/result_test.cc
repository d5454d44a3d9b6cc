#include "latchkey/base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace latchkey {
namespace {

Result<std::unique_ptr<int>> boxed(int number) {
  if (number < 0) return failure(ErrorCode::kInvalid, "a negative number");
  return std::make_unique<int>(number);
}

TEST(Result, CarriesAValueThatOnlyMoves) {
  Result<std::unique_ptr<int>> result = boxed(7);
  ASSERT_TRUE(result);
  const std::unique_ptr<int> taken = std::move(*result);
  EXPECT_EQ(*taken, 7);
}

TEST(Result, CarriesTheCodeAndTheTextOfAFailure) {
  const auto result = boxed(-1);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(result.error().text, "a negative number");
}

TEST(Result, OfNothingIsGoodUnlessItFails) {
  const Result<void> good;
  EXPECT_TRUE(good);
  const Result<void> bad = failure(ErrorCode::kUnavailable, "disk full");
  EXPECT_FALSE(bad);
}

}  // namespace
}  // namespace latchkey
