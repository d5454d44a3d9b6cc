// Runs the crash tests: `test_crash [--rounds=N] [--seed=S]`, and GoogleTest's own flags.
#include <gtest/gtest.h>

#include <charconv>
#include <cstdio>
#include <random>
#include <string_view>

#include "crash/plan.h"

namespace latchkey::test {

CrashPlan& crash_plan() {
  static CrashPlan plan;
  return plan;
}

namespace {

template <class Number>
bool read_flag(std::string_view argument, std::string_view flag, Number& number) {
  if (!argument.starts_with(flag)) return false;
  const std::string_view digits = argument.substr(flag.size());
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc{} && end == digits.data() + digits.size() && number > 0;
}

}  // namespace
}  // namespace latchkey::test

int main(int argument_count, char** arguments) {
  using namespace latchkey::test;
  ::testing::InitGoogleTest(&argument_count, arguments);
  CrashPlan& plan = crash_plan();
  for (int i = 1; i < argument_count; ++i) {
    if (read_flag(arguments[i], "--rounds=", plan.rounds) || read_flag(arguments[i], "--seed=", plan.seed))
      continue;
    std::fprintf(stderr, "usage: test_crash [--rounds=N] [--seed=S]; both are whole numbers from 1 on\n");
    return 2;
  }
  if (plan.seed == 0) plan.seed = std::random_device{}();
  std::printf("crash: --rounds=%d --seed=%llu\n", plan.rounds, static_cast<unsigned long long>(plan.seed));
  return RUN_ALL_TESTS();
}
