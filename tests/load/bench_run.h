// BenchRun: one run of the real latchkey-bench, and its parsed results. LATCHKEY_BENCH in the environment
// names the program. Thread: one.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/child_process.h"

namespace latchkey::test {

/// Runs `latchkey-bench WORDS... --json -`. The JSON is its whole output.
class BenchRun {
 public:
  explicit BenchRun(std::vector<std::string> words, std::string input = {});

  int status() const noexcept { return finished_.status; }
  /// What it wrote to standard error.
  const std::string& errors() const noexcept { return finished_.errors; }
  /// A count by JSON pointer (RFC 6901), for example `/errors/total`; 0 if it is absent. The test fails if
  /// the output is not JSON.
  std::uint64_t count(std::string_view pointer) const;
  double number(std::string_view pointer) const;

 private:
  Finished finished_;
  simdjson::dom::parser parser_;
  simdjson::dom::element results_;
  bool is_json_ = false;
};

/// Runs `latchkey-bench WORDS...` unchanged.
Finished run_bench(const std::vector<std::string>& words, std::string input = {});

}  // namespace latchkey::test
