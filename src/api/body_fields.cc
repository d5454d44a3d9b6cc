#include "api/body_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "latchkey/api/answers.h"
#include "latchkey/base/assert.h"
#include "latchkey/base/json_writer.h"
#include "latchkey/base/scrub.h"
#include "latchkey/base/utf8.h"
#include "latchkey/http/characters.h"
#include "latchkey/http/charset.h"
#include "latchkey/http/media_type.h"
#include "latchkey/http/multipart_fields.h"

namespace latchkey::api {

namespace {

using BodyKind = BodyFieldsReader::BodyKind;
using BodyType = BodyFieldsReader::BodyType;

bool is_one_of(std::span<const std::string_view> types, const http::MediaType& media) {
  return std::any_of(types.begin(), types.end(), [&media](std::string_view type) {
    const std::size_t slash = type.find('/');
    return media.is(type.substr(0, slash), type.substr(slash + 1));
  });
}

// C-10 and C-18: finds the decoder for a body.
BodyKind kind_of(std::span<const std::string_view> parses, std::string_view content_type, bool has_body) {
  if (content_type.empty()) return {has_body ? BodyType::kUnsupported : BodyType::kNothing, {}};
  const std::optional<http::MediaType> media = http::MediaType::parse(content_type);
  if (!media || !is_one_of(parses, *media)) return {};
  http::Charset charset = http::Charset::kUtf8;
  if (const http::Parameter* const named = media->parameters.find("charset"))
    charset = http::charset_named(named->text());
  if (charset == http::Charset::kOther) return {};
  const bool ascii_only = charset == http::Charset::kAsciiSuperset;
  if (media->is("application", "json")) return {BodyType::kJson, {}, ascii_only};
  if (media->is("application", "x-www-form-urlencoded")) return {BodyType::kForm, {}, ascii_only};
  if (!media->is("multipart", "form-data")) return {};
  const http::Parameter* const boundary = media->parameters.find("boundary");
  return {BodyType::kMultipart, boundary == nullptr ? std::string() : boundary->text(), ascii_only};
}

// RFC 9110 §8.4: the first coding other than identity, or empty.
std::string_view content_coding_of(const http::RequestHead& head) noexcept {
  for (std::size_t i = 0; i < head.header_count; ++i) {
    if (!http::equals_ignoring_case(head.headers[i].name, "Content-Encoding")) continue;
    std::string_view rest = head.headers[i].value;
    for (std::size_t at = 0; at < rest.size(); ++at) {
      const std::size_t start = at;
      while (at < rest.size() && rest[at] != ',') ++at;
      const std::string_view coding = http::trim_blanks(rest.substr(start, at - start));
      if (!coding.empty() && !http::equals_ignoring_case(coding, "identity")) return coding;
    }
  }
  return {};
}

/// Counts the bytes that do not continue a character.
/// Requires: `text` is UTF-8.
std::size_t count_characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// The problems of one field, in the words of C-15. Empty if there are none.
std::vector<std::string> problems_of(const http::Field& field, const FieldDescription& rule) {
  switch (field.kind) {
    case http::FieldKind::kMissing:
      return {"This field is required."};
    case http::FieldKind::kNull:
      return {"This field may not be null."};
    case http::FieldKind::kNotText:
      return {"Not a valid string."};
    case http::FieldKind::kText:
      break;
  }
  if (field.text.empty()) return {"This field may not be blank."};
  std::vector<std::string> problems;
  const std::size_t characters = count_characters(field.text);
  // A password's limit is in bytes, because the bytes are hashed.
  if ((rule.is_password ? field.text.size() : characters) > rule.max_length) {
    problems.push_back(fmt::format("Ensure this field has no more than {} characters.", rule.max_length));
  }
  if (characters < rule.min_length) {
    problems.push_back(fmt::format("Ensure this field has at least {} characters.", rule.min_length));
  }
  if (field.text.find('\0') != std::string_view::npos)
    problems.emplace_back("Null characters are not allowed.");
  return problems;
}

// `{"username":["..."],"password":["..."]}` with only the faulty fields. Empty if there are none.
std::string problems_json(std::span<const http::Field> fields, std::span<const FieldDescription> rules) {
  JsonWriter json;
  bool is_good = true;
  json.begin_object();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::vector<std::string> problems = problems_of(fields[i], rules[i]);
    if (problems.empty()) continue;
    is_good = false;
    json.begin_array(rules[i].name);
    for (const std::string& problem : problems) json.element(problem);
    json.end();
  }
  json.end();
  return is_good ? std::string() : json.take();
}

BodyFields problem(int status, std::string json) {
  BodyFields fields;
  fields.status = status;
  fields.problem = std::move(json);
  return fields;
}

// White space by Unicode: White_Space of the Unicode Character Database. It also includes the information
// separators, which Python's str.strip trims: clients were used to that.
bool is_white_space(char32_t c) noexcept {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
  return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
         c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

// Wipes the decoders, so that no password stays there however the reading ends.
struct DecodedTextWiper {
  http::JsonFieldDecoder& json;
  http::FormFieldDecoder& form;
  ~DecodedTextWiper() {
    json.wipe();
    form.wipe();
  }
};

}  // namespace

std::string_view trim_white_space(std::string_view text) noexcept {
  while (!text.empty()) {
    const Utf8Character first = first_utf8_character(text);
    if (!is_white_space(first.code_point)) break;
    text.remove_prefix(first.bytes);
  }
  while (!text.empty()) {
    std::size_t begin = text.size() - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xc0) == 0x80) --begin;
    if (!is_white_space(first_utf8_character(text.substr(begin)).code_point)) break;
    text = text.substr(0, begin);
  }
  return text;
}

http::DecodeResult BodyFieldsReader::decode(const BodyKind& kind, std::string_view body,
                                            std::span<const std::string_view> names,
                                            std::span<http::Field> fields) {
  // An empty body is `{}` whatever its type (C-17).
  if (body.empty()) return {};
  if (kind.type == BodyType::kJson) return json_.decode(body, names, fields);
  if (kind.type == BodyType::kForm) return form_.decode(body, names, fields);
  return http::decode_multipart(body, kind.boundary, names, fields);
}

// Whether the body can be read as UTF-8, by its charset and by the one that its field `_charset_` names (RFC
// 7578 §4.6).
bool BodyFieldsReader::is_charset_read(const BodyKind& kind, std::string_view body,
                                       const http::Field& charset,
                                       std::span<const http::Field> fields) const {
  http::Charset named = http::Charset::kUtf8;
  if (charset.kind == http::FieldKind::kText && !charset.text.empty())
    named = http::charset_named(charset.text);
  if (named == http::Charset::kOther) return false;
  if (kind.ascii_only && !is_ascii(body)) return false;
  if (!kind.ascii_only && named == http::Charset::kUtf8) return true;
  if (kind.type == BodyType::kForm) return is_ascii(form_.decoded());
  return kind.type == BodyType::kJson ||
         std::all_of(fields.begin(), fields.end(),
                     [](const http::Field& field) { return is_ascii(field.text); });
}

BodyFields BodyFieldsReader::read(const OperationDescription& operation, const http::RequestHead& head,
                                  std::string_view body) {
  BodyFields fields = read_body(operation, head, body);
  scrub_stack<kParserStackBytes>();
  return fields;
}

BodyFields BodyFieldsReader::read_body(const OperationDescription& operation, const http::RequestHead& head,
                                       std::string_view body) {
  const std::span<const FieldDescription> rules = operation.fields;
  LATCHKEY_ASSERT(!rules.empty() && rules.size() <= kMaxBodyFields);
  const std::string_view content_type = head.value(http::KnownHeader::kContentType);
  if (const std::string_view coding = content_coding_of(head); !coding.empty()) {
    BodyFields encoded =
        problem(415, detail_json(fmt::format("Unsupported content coding \"{}\" in request.", coding)));
    encoded.is_encoded = true;
    return encoded;
  }
  const BodyKind kind = kind_of(operation.parses, content_type, !body.empty());
  const auto unsupported = [content_type] {
    return problem(415, detail_json(fmt::format("Unsupported media type \"{}\" in request.", content_type)));
  };
  if (kind.type == BodyType::kUnsupported) return unsupported();
  const DecodedTextWiper wiper{json_, form_};
  std::array<std::string_view, kMaxBodyFields + 1> names;
  std::transform(rules.begin(), rules.end(), names.begin(),
                 [](const FieldDescription& rule) { return rule.name; });
  // After the fields, in forms of both kinds: the charset that the browser names.
  const std::size_t wanted = rules.size() + (kind.type == BodyType::kJson ? 0 : 1);
  names[rules.size()] = "_charset_";
  std::array<http::Field, kMaxBodyFields + 1> room{};
  const std::span<http::Field> fields = std::span(room).first(rules.size());
  const http::DecodeResult decoded =
      decode(kind, body, std::span(names).first(wanted), std::span(room).first(wanted));
  if (decoded.status == http::DecodeResult::Status::kUnsupportedCharset)
    return problem(415, detail_json("Unsupported charset of a field in request."));
  if (!is_charset_read(kind, body, room[rules.size()], fields)) return unsupported();
  if (decoded.status == http::DecodeResult::Status::kNoData) {
    return problem(400, R"({"__all__":["No data provided"]})");
  }
  if (decoded.status == http::DecodeResult::Status::kMalformed)
    return problem(400, detail_json(decoded.detail));

  for (std::size_t i = 0; i < fields.size(); ++i) {
    const bool is_trimmed = fields[i].kind == http::FieldKind::kText && !rules[i].is_password;
    if (is_trimmed) fields[i].text = trim_white_space(fields[i].text);
  }
  BodyFields result;
  result.problem = problems_json(fields, rules);
  if (!result.problem.empty()) {
    result.status = 400;
    return result;
  }
  for (std::size_t i = 0; i < fields.size(); ++i) result.values[i] = SecretText(fields[i].text);
  return result;
}

}  // namespace latchkey::api
