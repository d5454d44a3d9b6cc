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
  // One pass, whatever the pairs look like. Decoding never lengthens, so the result fits where the body
  // would. Each name and value keeps its separator: the decoded whole is then UTF-8 exactly if each text is.
  char* const out = decoded_.get();
  std::size_t written = 0;
  std::size_t name_begin = 0;
  std::size_t value_begin = 0;
  bool in_name = true;
  const auto end_pair = [&] {
    const std::size_t name_end = in_name ? written : value_begin - 1;
    const std::string_view name(out + name_begin, name_end - name_begin);
    const auto wanted = std::find(names.begin(), names.end(), name);
    if (wanted == names.end()) return;
    const std::size_t begin = in_name ? written : value_begin;
    fields[static_cast<std::size_t>(wanted - names.begin())] = {FieldKind::kText,
                                                                {out + begin, written - begin}};
  };
  for (std::size_t at = 0; at < body.size(); ++at) {
    const char c = body[at];
    if (c == '&') {
      if (written > name_begin || !in_name) end_pair();
      out[written++] = c;
      name_begin = written;
      in_name = true;
    } else if (c == '=' && in_name) {
      out[written++] = c;
      value_begin = written;
      in_name = false;
    } else if (c == '%') {
      at += percent_decode_one(body.substr(at), out[written++]) - 1;
    } else {
      out[written++] = c == '+' ? ' ' : c;
    }
  }
  if (written > name_begin || !in_name) end_pair();
  used_bytes_ = written;
  if (!is_utf8({out, written})) return {DecodeResult::Status::kMalformed, "Form parse error - invalid UTF-8"};
  return {};
}

void FormFieldDecoder::wipe() noexcept {
  latchkey::wipe(decoded_.get(), used_bytes_);
  used_bytes_ = 0;
}

}  // namespace latchkey::http
