// One run of the real latchkey-bench, and its results taken apart. The program is the one that the
// environment names in LATCHKEY_BENCH. One thread.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/child_process.h"

namespace latchkey::test {

/// `latchkey-bench WORDS... --json -`: the JSON is its whole output.
class BenchRun {
 public:
  explicit BenchRun(std::vector<std::string> words, std::string input = {});

  int status() const noexcept { return finished_.status; }
  /// What it wrote to standard error.
  const std::string& errors() const noexcept { return finished_.errors; }
  /// A count by JSON pointer (RFC 6901), `/errors/total`; 0 where it is absent. A failure of the test where
  /// the output is no JSON.
  std::uint64_t count(std::string_view pointer) const;
  double number(std::string_view pointer) const;

 private:
  Finished finished_;
  simdjson::dom::parser parser_;
  simdjson::dom::element results_;
  bool is_json_ = false;
};

/// `latchkey-bench WORDS...`, as it is.
Finished run_bench(const std::vector<std::string>& words, std::string input = {});

}  // namespace latchkey::test
