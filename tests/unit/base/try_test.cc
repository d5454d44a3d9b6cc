#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "latchkey/base/result.h"
#include "latchkey/base/secret.h"

namespace latchkey {
namespace {

using Steps = std::vector<std::string>;

Result<int> number(int value) {
  if (value < 0) return failure(ErrorCode::kInvalid, "a negative number");
  return value;
}

Result<void> check(bool good) {
  if (!good) return failure(ErrorCode::kConflict, "it is taken");
  return {};
}

Result<std::string> text_of(int value) {
  LATCHKEY_TRY(const int checked, number(value));
  return std::to_string(checked);
}

TEST(Try, DeclaresTheValue) {
  const Result<std::string> text = text_of(7);
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, "7");
}

TEST(Try, ReturnsTheErrorFromAFunctionThatGivesAnother) {
  const Result<std::string> text = text_of(-1);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(text.error().text, "a negative number");
}

Result<int> sum_of(int first, int second) {
  LATCHKEY_TRY(const int a, number(first));
  LATCHKEY_TRY(const int b, number(second));
  if (a == b) {
    LATCHKEY_TRY(const int again, number(a));
    LATCHKEY_TRY(number(again));
    return 2 * again;
  }
  return a + b;
}

TEST(Try, StandsTwiceInAScopeAndInAScopeWithin) {
  EXPECT_EQ(sum_of(1, 2), 3);
  EXPECT_EQ(sum_of(2, 2), 4);
  EXPECT_FALSE(sum_of(1, -1));
}

Result<int> steps_taken(bool good) {
  int steps = 1;
  if (good)
    LATCHKEY_TRY(check(good));
  else
    LATCHKEY_TRY(check(good));
  return ++steps;
}

TEST(Try, WithoutADeclarationIsOneStatement) {
  EXPECT_EQ(steps_taken(true), 2);
  const Result<int> refused = steps_taken(false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text, "it is taken");
}

/// A type that can be neither copied nor default-constructed.
class Owned {
 public:
  explicit Owned(int value) : value_(std::make_unique<int>(value)) {}
  int value() const { return *value_; }

 private:
  std::unique_ptr<int> value_;
};

Result<Owned> owned(int value) {
  LATCHKEY_TRY(number(value));
  return Owned(value);
}

Result<Owned> passed_through(int value) {
  LATCHKEY_TRY(Owned moved, owned(value));
  return moved;
}

TEST(Try, MovesAValueThatOnlyMovesAndHasNoDefault) {
  const Result<Owned> moved = passed_through(7);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->value(), 7);
  EXPECT_FALSE(passed_through(-1));
}

Result<void> move_out(Result<SecretText>& from, SecretText& to) {
  LATCHKEY_TRY(auto&& secret, std::move(from));
  to = std::move(secret);
  return {};
}

TEST(Try, LeavesNoSecretBehindInTheResult) {
  Result<SecretText> from = SecretText("a password that is long enough to be on the heap");
  SecretText to;
  ASSERT_TRUE(move_out(from, to));
  EXPECT_EQ(to.view(), "a password that is long enough to be on the heap");
  EXPECT_TRUE(from->view().empty());
}

Result<void> count_up(int& counter) {
  LATCHKEY_TRY(int& same, Result<std::reference_wrapper<int>>(counter));
  ++same;
  LATCHKEY_TRY(same, number(same + 10));
  return {};
}

TEST(Try, DeclaresAReferenceOrFillsWhatExists) {
  int counter = 1;
  ASSERT_TRUE(count_up(counter));
  EXPECT_EQ(counter, 12);
}

Result<int> pass_on(Result<int>& failed) {
  LATCHKEY_TRY(const int value, std::move(failed));
  return value;
}

TEST(Try, MovesTheErrorAndDoesNotCopyIt) {
  const std::string text(100, 'e');
  Result<int> failed = failure(ErrorCode::kFatal, text);
  const char* const bytes = failed.error().text.data();
  const Result<int> passed = pass_on(failed);
  ASSERT_FALSE(passed);
  EXPECT_EQ(passed.error().text, text);
  EXPECT_EQ(static_cast<const void*>(passed.error().text.data()), static_cast<const void*>(bytes));
}

class Noted {
 public:
  Noted(Steps& steps, std::string name) : steps_(steps), name_(std::move(name)) {}
  Noted(const Noted&) = delete;
  Noted& operator=(const Noted&) = delete;
  ~Noted() { steps_.push_back("end of " + name_); }

 private:
  Steps& steps_;
  std::string name_;
};

Result<void> leave_early(Steps& steps) {
  const Noted first(steps, "first");
  const Noted second(steps, "second");
  LATCHKEY_TRY(number(-1));
  const Noted third(steps, "third");
  return {};
}

TEST(Try, EndsOnLeavingWhatStandsInScopeFromTheLastToTheFirst) {
  Steps steps;
  EXPECT_FALSE(leave_early(steps));
  EXPECT_EQ(steps, (Steps{"end of second", "end of first"}));
}

}  // namespace
}  // namespace latchkey
