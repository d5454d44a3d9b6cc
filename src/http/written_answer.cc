#include "latchkey/http/written_answer.h"

#include <algorithm>
#include <array>

#include "latchkey/base/assert.h"

namespace latchkey::http {

namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kVersion = "HTTP/1.1 ";
constexpr std::size_t kStatusDigits = 3;

constexpr std::array<std::string_view, 7> kCommonHeaders = {
    "X-API-Node", "X-API-Time", "Vary", "Date", "Connection", "Content-Type", "Content-Length"};

std::string_view take_line(std::string_view& bytes) {
  const std::size_t end = bytes.find(kLineEnd);
  LATCHKEY_ASSERT(end != std::string_view::npos);
  const std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(end + kLineEnd.size());
  return line;
}

}  // namespace

WrittenAnswer WrittenAnswer::of(std::string_view bytes) {
  WrittenAnswer answer;
  const std::string_view status_line = take_line(bytes);
  LATCHKEY_ASSERT(status_line.starts_with(kVersion) && status_line.size() > kVersion.size() + kStatusDigits);
  for (const char digit : status_line.substr(kVersion.size(), kStatusDigits)) {
    answer.status = 10 * answer.status + (digit - '0');
  }
  for (std::string_view line = take_line(bytes); !line.empty(); line = take_line(bytes)) {
    const std::size_t colon = line.find(": ");
    LATCHKEY_ASSERT(colon != std::string_view::npos);
    answer.headers.push_back({line.substr(0, colon), line.substr(colon + 2)});
  }
  answer.body = bytes;
  return answer;
}

std::string_view WrittenAnswer::value(std::string_view name) const noexcept {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [name](const WrittenHeader& header) { return header.name == name; });
  return found == headers.end() ? std::string_view{} : found->value;
}

bool is_common_header(std::string_view name) noexcept {
  return std::find(kCommonHeaders.begin(), kCommonHeaders.end(), name) != kCommonHeaders.end();
}

}  // namespace latchkey::http
