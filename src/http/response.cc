#include "latchkey/http/response.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "latchkey/base/assert.h"
#include "latchkey/base/time_text.h"

namespace latchkey::http {

namespace {

constexpr std::int64_t kMaxApiTimeMs = 999'999'999;

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kNoTimeLine = "X-API-Time: 0.000s\r\n";
constexpr std::string_view kVaryLine = "Vary: Accept\r\n";

struct Phrase {
  int status;
  std::string_view text;
};

constexpr std::array<Phrase, 25> kPhrases = {{
    {200, "OK"},
    {201, "Created"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
}};

// `0.106s`: seconds with three decimals (C-4).
void append_api_time(std::string& out, std::chrono::milliseconds time) {
  const std::int64_t ms = std::clamp<std::int64_t>(time.count(), 0, kMaxApiTimeMs);
  const fmt::format_int seconds(ms / 1000);
  out.append(seconds.data(), seconds.size());
  const std::int64_t rest = ms % 1000;
  const std::array<char, 5> decimals = {'.', static_cast<char>('0' + rest / 100),
                                        static_cast<char>('0' + rest / 10 % 10),
                                        static_cast<char>('0' + rest % 10), 's'};
  out.append(decimals.data(), decimals.size());
}

}  // namespace

ServerLines::ServerLines(std::string_view node) : node_line_(fmt::format("X-API-Node: {}\r\n", node)) {
  set_time(WallTime{0});
}

void ServerLines::set_time(WallTime now) noexcept {
  const std::int64_t second = now.ms / 1000;
  if (second == second_) return;
  second_ = second;
  date_ = to_http_date(now);
  prompt_lines_.assign(node_line_)
      .append(kNoTimeLine)
      .append(kVaryLine)
      .append("Date: ")
      .append(date())
      .append(kLineEnd);
}

std::string_view reason_phrase(int status) noexcept {
  for (const Phrase& phrase : kPhrases) {
    if (phrase.status == status) return phrase.text;
  }
  return "Unknown";
}

void ResponseWriter::preset(std::string_view name, std::string_view value) noexcept {
  LATCHKEY_ASSERT(status_ == 0);
  const auto end = presets_.begin() + static_cast<std::ptrdiff_t>(preset_count_);
  const auto same =
      std::find_if(presets_.begin(), end, [name](const Preset& preset) { return preset.name == name; });
  if (same == end) {
    LATCHKEY_ASSERT(preset_count_ < kMaxPresets);
    ++preset_count_;
  }
  *same = {name, value};
}

ResponseWriter& ResponseWriter::status(int code) {
  LATCHKEY_ASSERT(status_ == 0 && code >= 200 && code <= 599);
  status_ = code;
  status_line(code);
  return *this;
}

ResponseWriter& ResponseWriter::ok_head(std::initializer_list<std::string_view> pieces) {
  LATCHKEY_ASSERT(status_ == 0 && preset_count_ == 0);
  status_ = 200;
  for (const std::string_view piece : pieces) out_.append(piece);
  out_.append(kLineEnd);
  return *this;
}

void ResponseWriter::status_line(int code) {
  if (code == 200) {
    out_.append("HTTP/1.1 200 OK\r\n");
    return;
  }
  const fmt::format_int digits(code);
  out_.append("HTTP/1.1 ")
      .append(digits.data(), digits.size())
      .append(1, ' ')
      .append(reason_phrase(code))
      .append("\r\n");
}

ResponseWriter& ResponseWriter::header(std::string_view name, std::string_view value) {
  LATCHKEY_ASSERT(status_ != 0 && !finished_);
  for (std::size_t i = 0; i < preset_count_; ++i) {
    if (presets_[i].name == name) presets_[i] = presets_[--preset_count_];
  }
  write_header(name, value);
  return *this;
}

void ResponseWriter::write_header(std::string_view name, std::string_view value) {
  out_.append(name).append(": ").append(value).append(kLineEnd);
}

ResponseWriter& ResponseWriter::header(std::string_view name, std::int64_t value) {
  const fmt::format_int digits(value);
  return header(name, std::string_view(digits.data(), digits.size()));
}

void ResponseWriter::common_headers(BootTime now) {
  LATCHKEY_ASSERT(status_ != 0 && !finished_);
  finished_ = true;
  for (std::size_t i = 0; i < preset_count_; ++i) write_header(presets_[i].name, presets_[i].value);
  if (now == context_.started) {
    out_.append(context_.lines.prompt_lines());
  } else {
    out_.append(context_.lines.node_line()).append("X-API-Time: ");
    append_api_time(out_, now - context_.started);
    out_.append(kLineEnd).append(kVaryLine).append("Date: ").append(context_.lines.date()).append(kLineEnd);
  }
  if (!context_.keep_alive) {
    out_.append("Connection: close\r\n");
  } else if (context_.minor_version == 0) {
    out_.append("Connection: keep-alive\r\n");
  }
}

void ResponseWriter::body(std::string_view content_type, std::string_view text, BootTime now) {
  body(content_type, std::span(&text, 1), now);
}

void ResponseWriter::body(std::string_view content_type, std::span<const std::string_view> pieces,
                          BootTime now) {
  common_headers(now);
  std::size_t bytes = 0;
  for (const std::string_view piece : pieces) bytes += piece.size();
  const fmt::format_int length(bytes);
  out_.append("Content-Type: ").append(content_type).append("\r\nContent-Length: ");
  out_.append(length.data(), length.size()).append("\r\n\r\n");
  if (context_.head_only) return;
  // Grows once, to what is needed or to twice the size: an answer can be as long as everything that a
  // connection may hold back.
  if (out_.capacity() - out_.size() < bytes) out_.reserve(std::max(out_.size() + bytes, 2 * out_.size()));
  for (const std::string_view piece : pieces) out_.append(piece);
}

void ResponseWriter::no_body(BootTime now) {
  common_headers(now);
  out_.append(status_ == 204 ? "\r\n" : "Content-Length: 0\r\n\r\n");
}

}  // namespace latchkey::http
