#include "latchkey/http/form_fields.h"

#include <algorithm>

#include "latchkey/base/assert.h"
#include "latchkey/base/secret.h"
#include "latchkey/base/utf8.h"
#include "latchkey/http/percent.h"

namespace latchkey::http {

FormFieldDecoder::FormFieldDecoder(std::size_t max_body_bytes)
    : max_body_bytes_(max_body_bytes), decoded_(std::make_unique<char[]>(max_body_bytes)) {}

DecodeResult FormFieldDecoder::decode(std::string_view body, std::span<const std::string_view> names,
                                      std::span<Field> fields) {
  LATCHKEY_ASSERT(body.size() <= max_body_bytes_);
  LATCHKEY_ASSERT(names.size() == fields.size() && names.size() <= kMaxWantedFields);
  std::fill(fields.begin(), fields.end(), Field{});
  wipe();
  // Decoding never lengthens, so all texts together fit where the body would.
  const std::span<char> room(decoded_.get(), max_body_bytes_);
  const auto decode_one = [this, room](std::string_view text) {
    const std::span<char> rest = room.subspan(used_bytes_);
    const std::size_t bytes = percent_decode(text, PlusSign::kIsBlank, rest);
    used_bytes_ += bytes;
    return std::string_view(rest.data(), bytes);
  };
  while (!body.empty()) {
    const std::size_t ampersand = body.find('&');
    const std::string_view pair = body.substr(0, ampersand);
    body.remove_prefix(ampersand == std::string_view::npos ? body.size() : ampersand + 1);
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view name = decode_one(pair.substr(0, equals));
    const std::string_view value = decode_one(pair.substr(std::min(equals + 1, pair.size())));
    if (!is_utf8(name) || !is_utf8(value)) {
      return {DecodeResult::Status::kMalformed, "Form parse error - invalid UTF-8"};
    }
    const auto wanted = std::find(names.begin(), names.end(), name);
    if (wanted != names.end())
      fields[static_cast<std::size_t>(wanted - names.begin())] = {FieldKind::kText, value};
  }
  return {};
}

void FormFieldDecoder::wipe() noexcept {
  latchkey::wipe(decoded_.get(), used_bytes_);
  used_bytes_ = 0;
}

}  // namespace latchkey::http
