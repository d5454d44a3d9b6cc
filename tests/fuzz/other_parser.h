// An independent parser to compare with: http-parser, which read the requests of node and of many proxies.
// Pure functions.
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
  const char* error = "";  ///< if kRefused
  std::size_t bytes = 0;   ///< if kComplete: of head and body
  bool keep_alive = false;
  std::string method;
  std::string target;
  /// In order of arrival: the head's, then the trailers'. Without the white space around a value.
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
};

/// Reads the message at the start of `bytes`.
OtherMessage read_by_http_parser(std::string_view bytes);

/// Whether http-parser knows a method of this name. It takes no other.
bool is_method_of_http_parser(std::string_view name);

}  // namespace latchkey::fuzz
