// A parser that others wrote, to compare with: http-parser, which read the requests of node and of many
// proxies. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace latchkey::fuzz {

struct OtherMessage {
  enum class Status { kIncomplete, kComplete, kRefused };
  Status status = Status::kIncomplete;
  const char* error = "";  ///< kRefused
  std::size_t bytes = 0;   ///< kComplete: of head and body
  bool keep_alive = false;
  std::string method;
  std::string target;
  /// In order of arrival, the trailers' behind the head's; without the blanks around a value.
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
};

/// Reads the one message at the start of `bytes`.
OtherMessage read_by_http_parser(std::string_view bytes);

/// Whether it knows a method of this name: it takes no other.
bool is_method_of_http_parser(std::string_view name);

}  // namespace latchkey::fuzz
