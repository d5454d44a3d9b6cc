// The fields of a login as multipart/form-data. The first line of the input is the Content-Type; the rest is
// the body.
#include <array>
#include <optional>
#include <string>

#include "fuzz/login_fields.h"
#include "latchkey/base/utf8.h"
#include "latchkey/http/media_type.h"
#include "latchkey/http/multipart_fields.h"

namespace latchkey::fuzz {
namespace {

std::string written_out(const Fields& fields, const std::string& boundary) {
  std::string body;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (fields[i].kind == FieldKind::kMissing) continue;
    body.append("--")
        .append(boundary)
        .append("\r\nContent-Disposition: form-data; name=\"")
        .append(kNames[i]);
    body.append("\"\r\n\r\n").append(fields[i].text).append("\r\n");
  }
  // A body without parts has only the closing boundary.
  return body.append("--").append(boundary).append("--\r\n");
}

void check_written_out(const Fields& fields, const std::string& boundary) {
  const std::string body = written_out(fields, boundary);
  require_read_back(fields,
                    [&](Fields& again) { return http::decode_multipart(body, boundary, kNames, again); });
}

}  // namespace
}  // namespace latchkey::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey::fuzz;
  std::string_view body = text_of(data, size);
  const std::string_view content_type = take_until(body, '\n');
  const auto media = latchkey::http::MediaType::parse(content_type);
  if (!media) return 0;
  require(lies_within(media->type, content_type) && lies_within(media->subtype, content_type),
          "views lie in the text");
  const latchkey::http::Parameter* const parameter = media->parameters.find("Boundary");
  if (parameter == nullptr) return 0;
  const std::string boundary = parameter->text();
  Fields fields;
  const DecodeResult result = latchkey::http::decode_multipart(body, boundary, kNames, fields);
  require(result.status != DecodeResult::Status::kNoData, "only JSON has a null");
  if (result.status != DecodeResult::Status::kDecoded) return 0;
  for (const Field& field : fields) {
    require(field.kind == FieldKind::kMissing || field.kind == FieldKind::kText,
            "there is nothing but texts");
    require(lies_within(field.text, body), "texts lie in the body");
    require(latchkey::is_utf8(field.text), "texts are UTF-8");
    require(("\r\n" + std::string(field.text)).find("\r\n--" + boundary) == std::string::npos,
            "no text holds its boundary");
  }
  check_written_out(fields, boundary);
  return 0;
}
