#include "latchkey/runtime/await.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "latchkey/runtime/nursery.h"
#include "latchkey/runtime/task.h"
#include "support/one_shot.h"

namespace latchkey::runtime {
namespace {

using test::OneShot;

using Steps = std::vector<std::string>;

template <class T>
Task<void> keep(Task<T> task, std::optional<T>& value) {
  value.emplace(co_await task);
}

/// The result of a task that waits for nothing.
template <class T>
T outcome_of(Task<T> task) {
  std::optional<T> value;
  Nursery nursery;
  nursery.spawn(keep(std::move(task), value));
  return std::move(value).value();
}

/// Counts and owns nothing, so destroying one twice does no harm.
struct Counted {
  static inline int made = 0;
  static inline int destroyed = 0;

  Counted() noexcept { ++made; }
  Counted(const Counted&) noexcept { ++made; }
  Counted(Counted&&) noexcept { ++made; }
  Counted& operator=(const Counted&) = default;
  Counted& operator=(Counted&&) = default;
  ~Counted() { ++destroyed; }
};

struct Parts {
  Counted counted;
  int number = 0;
};

Task<int> number_of(Parts parts) { co_return parts.number; }

Task<int> awaits_without_a_name() { co_return co_await number_of({.counted = Counted(), .number = 7}); }

Task<int> number_beside(Counted /*counted*/, int number) { co_return number; }

Task<int> awaits_a_plain_call_without_a_name() { co_return co_await number_beside(Counted(), 7); }

Task<int> awaits_by_the_macro() {
  LATCHKEY_AWAIT(const int number, number_of({.counted = Counted(), .number = 7}));
  co_return number;
}

Task<int> returns_by_the_macro() { LATCHKEY_CO_RETURN(number_of({.counted = Counted(), .number = 7})); }

/// How many more were destroyed than made while `task` ran to its end.
int destroyed_twice(Task<int> (*task)()) {
  Counted::made = 0;
  Counted::destroyed = 0;
  EXPECT_EQ(outcome_of(task()), 7);
  return Counted::destroyed - Counted::made;
}

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 14
constexpr bool kRuleIsNeeded = true;
#else
constexpr bool kRuleIsNeeded = false;
#endif

TEST(Await, OfATaskWithoutANameHasTheFaultInTheCompilersThatTheRuleIsFor) {
  const bool fault_is_seen = destroyed_twice(awaits_without_a_name) != 0;
  EXPECT_EQ(fault_is_seen, kRuleIsNeeded)
      << (fault_is_seen ? "this compiler has the fault too: name it here, in await.h and in CONTRIBUTING.md"
                        : "this compiler is free of the fault: where it is the last one, the rule can go");
}

TEST(Await, OfATaskWithoutANameIsSoundWhereNeitherBracesNorCapturesFillATemporary) {
  EXPECT_EQ(destroyed_twice(awaits_a_plain_call_without_a_name), 0);
}

TEST(Await, ByTheMacrosDestroysOnceWhateverTheCompiler) {
  EXPECT_EQ(destroyed_twice(awaits_by_the_macro), 0);
  EXPECT_EQ(destroyed_twice(returns_by_the_macro), 0);
}

Task<Result<int>> number(int value) {
  if (value < 0) co_return failure(ErrorCode::kInvalid, "a negative number");
  co_return value;
}

Task<Result<void>> check(bool good) {
  if (!good) co_return failure(ErrorCode::kConflict, "it is taken");
  co_return Result<void>();
}

Task<Result<std::string>> text_of(int value) {
  LATCHKEY_CO_TRY(const int checked, number(value));
  co_return std::to_string(checked);
}

TEST(CoTry, DeclaresTheValueOrReturnsTheError) {
  EXPECT_EQ(outcome_of(text_of(7)), "7");
  const Result<std::string> refused = outcome_of(text_of(-1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(refused.error().text, "a negative number");
}

Task<Result<int>> sum_of(int first, int second) {
  LATCHKEY_CO_TRY(const int a, number(first));
  LATCHKEY_CO_TRY(const int b, number(second));
  if (a == b) {
    LATCHKEY_CO_TRY(const int again, number(a));
    LATCHKEY_CO_TRY(number(again));
    co_return 2 * again;
  }
  co_return a + b;
}

TEST(CoTry, StandsTwiceInAScopeAndInAScopeWithin) {
  EXPECT_EQ(outcome_of(sum_of(1, 2)), 3);
  EXPECT_EQ(outcome_of(sum_of(2, 2)), 4);
  EXPECT_FALSE(outcome_of(sum_of(1, -1)));
}

Task<Result<int>> steps_taken(bool good) {
  int steps = 1;
  if (good)
    LATCHKEY_CO_TRY(check(good));
  else
    LATCHKEY_CO_TRY(check(good));
  co_return ++steps;
}

TEST(CoTry, WithoutADeclarationIsOneStatement) {
  EXPECT_EQ(outcome_of(steps_taken(true)), 2);
  const Result<int> refused = outcome_of(steps_taken(false));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text, "it is taken");
}

Task<Result<std::unique_ptr<int>>> boxed(int value) {
  LATCHKEY_CO_TRY(number(value));
  co_return std::make_unique<int>(value);
}

Task<Result<std::unique_ptr<int>>> passed_through(int value) {
  LATCHKEY_CO_TRY(std::unique_ptr<int> box, boxed(value));
  co_return box;
}

TEST(CoTry, MovesAValueThatOnlyMoves) {
  const Result<std::unique_ptr<int>> box = outcome_of(passed_through(7));
  ASSERT_TRUE(box);
  EXPECT_EQ(**box, 7);
  EXPECT_FALSE(outcome_of(passed_through(-1)));
}

Result<int> number_now(int value) {
  if (value < 0) return failure(ErrorCode::kInvalid, "a negative number");
  return value;
}

Task<Result<int>> twice_now(int value) {
  LATCHKEY_CO_TRY_NOW(number_now(value));
  LATCHKEY_CO_TRY_NOW(const int checked, number_now(value));
  co_return 2 * checked;
}

TEST(CoTry, OfAResultThatIsThereAwaitsNothing) {
  EXPECT_EQ(outcome_of(twice_now(7)), 14);
  EXPECT_FALSE(outcome_of(twice_now(-1)));
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

Task<Result<int>> fail_when(OneShot<int>& signal, Steps& steps) {
  const Noted within(steps, "the task");
  const int value = co_await signal;
  co_return failure(ErrorCode::kCancelled, std::to_string(value));
}

Task<Result<int>> leave_early(OneShot<int>& signal, Steps& steps) {
  const Noted first(steps, "first");
  const Noted second(steps, "second");
  LATCHKEY_CO_TRY(const int value, fail_when(signal, steps));
  const Noted third(steps, "third");
  co_return value;
}

TEST(CoTry, EndsOnLeavingWhatStandsInScopeAlsoAfterAWait) {
  Steps steps;
  OneShot<int> signal;
  std::optional<Result<int>> value;
  Nursery nursery;
  nursery.spawn(keep(leave_early(signal, steps), value));
  EXPECT_FALSE(value);
  EXPECT_TRUE(steps.empty());
  signal.set(3);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->error().text, "3");
  EXPECT_EQ(steps, (Steps{"end of the task", "end of second", "end of first"}));
}

Task<void> note(Steps& steps, std::string name) {
  steps.push_back(std::move(name));
  co_return;
}

Task<int> runs_two(Steps& steps) {
  LATCHKEY_AWAIT(note(steps, "one"));
  LATCHKEY_AWAIT(note(steps, "two"));
  int value = 0;
  LATCHKEY_AWAIT(value, number_of({.counted = Counted(), .number = 4}));
  co_return value;
}

TEST(Await, TakesATaskOfNothingAndFillsWhatExists) {
  Steps steps;
  EXPECT_EQ(outcome_of(runs_two(steps)), 4);
  EXPECT_EQ(steps, (Steps{"one", "two"}));
}

}  // namespace
}  // namespace latchkey::runtime
