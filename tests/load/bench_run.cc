#include "load/bench_run.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace latchkey::test {

Finished run_bench(const std::vector<std::string>& words, std::string input) {
  const char* const program = std::getenv("LATCHKEY_BENCH");
  if (program == nullptr)
    throw std::runtime_error("LATCHKEY_BENCH is not set: run the tests by 'meson test'");
  ChildOptions command;
  command.arguments = {program};
  command.arguments.insert(command.arguments.end(), words.begin(), words.end());
  command.input = std::move(input);
  return run_to_end(command);
}

BenchRun::BenchRun(std::vector<std::string> words, std::string input) {
  words.insert(words.end(), {"--json", "-"});
  finished_ = run_bench(words, std::move(input));
  is_json_ = parser_.parse(finished_.output).get(results_) == simdjson::SUCCESS;
}

double BenchRun::number(std::string_view pointer) const {
  EXPECT_TRUE(is_json_) << "no JSON: " << finished_.output << finished_.errors;
  double value = 0;
  if (is_json_ && results_.at_pointer(pointer).get(value) != simdjson::SUCCESS) return 0;
  return value;
}

std::uint64_t BenchRun::count(std::string_view pointer) const {
  return static_cast<std::uint64_t>(number(pointer));
}

}  // namespace latchkey::test
