// The fields of a login as JSON. simdjson is compared with the scanner that tells people where a document is
// wrong, and its result is written out and decoded again.
#include <array>
#include <string>

#include "fuzz/login_fields.h"
#include "http/json_error.h"
#include "latchkey/base/json_text.h"
#include "latchkey/base/utf8.h"
#include "latchkey/http/json_fields.h"

namespace latchkey::fuzz {
namespace {

constexpr std::size_t kMaxBodyBytes = 4096;
constexpr std::string_view kNoObject = "JSON parse error - not a JSON object";

/// One decoder for all inputs, as a core has one for all requests.
http::JsonFieldDecoder& decoder() {
  static http::JsonFieldDecoder instance(kMaxBodyBytes);
  return instance;
}

std::string written_out(const Fields& fields) {
  std::string json = "{";
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].kind == FieldKind::kMissing) continue;
    if (json.size() > 1) json.push_back(',');
    append_json_string(json, kNames[i]);
    json.push_back(':');
    if (fields[i].kind == FieldKind::kNull) json.append("null");
    if (fields[i].kind == FieldKind::kNotText) json.append("[]");
    if (fields[i].kind == FieldKind::kText) append_json_string(json, fields[i].text);
  }
  return json.append("}");
}

void check_written_out(const Fields& fields) {
  const std::string json = written_out(fields);
  if (json.size() > kMaxBodyBytes) return;
  require_read_back(fields, [&json](Fields& again) { return decoder().decode(json, kNames, again); });
}

}  // namespace
}  // namespace latchkey::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey::fuzz;
  const std::string_view body = text_of(data, size);
  // An empty body means an empty object, although it is not JSON (C-17).
  if (body.empty() || body.size() > kMaxBodyBytes) return 0;
  Fields fields;
  const DecodeResult result = decoder().decode(body, kNames, fields);
  const auto error = latchkey::http::json_error_position(body);
  const bool is_malformed = result.status == DecodeResult::Status::kMalformed && result.detail != kNoObject;
  require(is_malformed == error.has_value(), "parser and scanner accept the same");
  if (error) {
    require(error->byte <= body.size(), "an error lies within the document");
    const std::string place = " at byte " + std::to_string(error->byte);
    require(result.detail == "JSON parse error - " + std::string(error->what) + place,
            "the error says where");
  }
  if (result.status != DecodeResult::Status::kDecoded) return 0;
  for (const Field& field : fields) {
    require(field.kind == FieldKind::kText || field.text.empty(), "only texts have a text");
    require(latchkey::is_utf8(field.text), "texts are UTF-8");
  }
  check_written_out(fields);
  return 0;
}
