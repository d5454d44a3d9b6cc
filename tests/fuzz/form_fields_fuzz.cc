// The fields of a login as a form. The decoder is compared with a plain one, and its result is written out
// and decoded again.
#include <array>
#include <string>

#include "fuzz/login_fields.h"
#include "latchkey/base/percent.h"
#include "latchkey/base/utf8.h"
#include "latchkey/http/form_fields.h"

namespace latchkey::fuzz {
namespace {

constexpr std::size_t kMaxBodyBytes = 4096;

http::FormFieldDecoder& decoder() {
  static http::FormFieldDecoder instance(kMaxBodyBytes);
  return instance;
}

/// WHATWG URL section 5.1, step by step.
std::string decoded_plainly(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdefABCDEF";
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%' && i + 2 < text.size() &&
                           kHex.find(text[i + 1]) != std::string_view::npos &&
                           kHex.find(text[i + 2]) != std::string_view::npos;
    if (is_escape) {
      result.push_back(static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16)));
      i += 2;
    } else {
      result.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return result;
}

void check_plainly(std::string_view body, const DecodeResult& result, const Fields& fields) {
  std::array<std::string, kNames.size()> texts;
  std::array<bool, kNames.size()> found{};
  bool all_utf8 = true;
  while (!body.empty()) {
    std::string_view pair = take_until(body, '&');
    const std::string name = decoded_plainly(take_until(pair, '='));
    const std::string value = decoded_plainly(pair);
    all_utf8 = all_utf8 && is_utf8(name) && is_utf8(value);
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      if (name != kNames[i]) continue;
      found[i] = true;
      texts[i] = value;
    }
  }
  require((result.status == DecodeResult::Status::kDecoded) == all_utf8, "what is UTF-8 is accepted");
  for (std::size_t i = 0; all_utf8 && i < kNames.size(); ++i) {
    require(found[i] == (fields[i].kind == FieldKind::kText) && texts[i] == fields[i].text,
            "the plain decoder decodes the same");
  }
}

void check_written_out(const Fields& fields) {
  std::string body;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (fields[i].kind == FieldKind::kMissing) continue;
    body.append(body.empty() ? "" : "&").append(kNames[i]).append("=");
    for (const char c : fields[i].text) {
      // These have a meaning in a form, and percent_encode leaves them as they are.
      body += c == '&' ? "%26" : c == '+' ? "%2B" : percent_encode(std::string_view(&c, 1));
    }
  }
  if (body.size() > kMaxBodyBytes) return;
  require_read_back(fields, [&body](Fields& again) { return decoder().decode(body, kNames, again); });
}

}  // namespace
}  // namespace latchkey::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey::fuzz;
  const std::string_view body = text_of(data, size);
  if (body.size() > kMaxBodyBytes) return 0;
  Fields fields;
  const DecodeResult result = decoder().decode(body, kNames, fields);
  check_plainly(body, result, fields);
  if (result.status == DecodeResult::Status::kDecoded) check_written_out(fields);
  return 0;
}
