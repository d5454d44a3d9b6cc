#include "latchkey/api/login_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "latchkey/api/answers.h"
#include "latchkey/base/json_text.h"
#include "latchkey/base/utf8.h"
#include "latchkey/http/characters.h"
#include "latchkey/http/media_type.h"
#include "latchkey/http/multipart_fields.h"

namespace latchkey::api {

namespace {

constexpr std::array<std::string_view, 2> kNames = {"username", "password"};

using BodyKind = LoginFieldsReader::BodyKind;
using BodyType = LoginFieldsReader::BodyType;

// C-10 and C-18: which decoder a body is for.
BodyKind kind_of(std::string_view content_type, bool has_body) {
  if (content_type.empty()) return {has_body ? BodyType::kUnsupported : BodyType::kNothing, {}};
  const std::optional<http::MediaType> media = http::MediaType::parse(content_type);
  if (!media) return {};
  if (const http::Parameter* const charset = media->parameters.find("charset");
      charset != nullptr && !http::equals_ignoring_case(charset->text(), "utf-8")) {
    return {};
  }
  if (media->is("application", "json")) return {BodyType::kJson, {}};
  if (media->is("application", "x-www-form-urlencoded")) return {BodyType::kForm, {}};
  if (!media->is("multipart", "form-data")) return {};
  const http::Parameter* const boundary = media->parameters.find("boundary");
  return {BodyType::kMultipart, boundary == nullptr ? std::string() : boundary->text()};
}

std::size_t count_characters(std::string_view text) noexcept {
  std::size_t count = 0;
  for (; !text.empty(); ++count)
    text.remove_prefix(std::max<std::size_t>(first_utf8_character(text).bytes, 1));
  return count;
}

struct FieldRule {
  std::string_view name;
  std::size_t limit;
  bool limit_is_bytes;  ///< else characters
};

constexpr std::array<FieldRule, 2> kRules = {
    {{"username", kMaxUsernameCharacters, false}, {"password", kMaxPasswordBytes, true}}};

// What is wrong with one field, in the words of C-15; empty where nothing is.
std::vector<std::string> problems_of(const http::Field& field, const FieldRule& rule) {
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
  const std::size_t length = rule.limit_is_bytes ? field.text.size() : count_characters(field.text);
  if (length > rule.limit) {
    problems.push_back(fmt::format("Ensure this field has no more than {} characters.", rule.limit));
  }
  if (field.text.find('\0') != std::string_view::npos)
    problems.emplace_back("Null characters are not allowed.");
  return problems;
}

// `{"username":["..."],"password":["..."]}` with the fields at fault only; empty where none is.
std::string problems_json(std::span<const http::Field> fields) {
  std::string json;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::vector<std::string> problems = problems_of(fields[i], kRules[i]);
    if (problems.empty()) continue;
    json.append(json.empty() ? "{" : ",");
    append_json_string(json, kRules[i].name);
    json.append(":[");
    for (std::size_t j = 0; j < problems.size(); ++j) {
      if (j > 0) json.push_back(',');
      append_json_string(json, problems[j]);
    }
    json.push_back(']');
  }
  if (!json.empty()) json.push_back('}');
  return json;
}

LoginFields problem(int status, std::string json) {
  LoginFields fields;
  fields.status = status;
  fields.problem = std::move(json);
  return fields;
}

// White space as Unicode has it: White_Space of the Unicode Character Database, and the information
// separators that Python's str.strip, which clients were trimmed by, counts too.
bool is_white_space(std::string_view character) noexcept {
  if (character.size() == 1) {
    const char c = character.front();
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= '\x1c' && c <= '\x1f');
  }
  constexpr std::array<std::string_view, 18> kWide = {
      "\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005",
      "\u2006", "\u2007", "\u2008", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f"};
  for (const std::string_view wide : kWide) {
    if (character == wide) return true;
  }
  return character == "\u3000";
}

// A password stays in no decoder, however the reading ends.
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
    const std::size_t bytes = std::max<std::size_t>(first_utf8_character(text).bytes, 1);
    if (!is_white_space(text.substr(0, bytes))) break;
    text.remove_prefix(bytes);
  }
  while (!text.empty()) {
    std::size_t begin = text.size() - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xc0) == 0x80) --begin;
    if (!is_white_space(text.substr(begin))) break;
    text = text.substr(0, begin);
  }
  return text;
}

http::DecodeResult LoginFieldsReader::decode(const BodyKind& kind, std::string_view body,
                                             std::span<http::Field> fields) {
  // An empty body is `{}` whatever its type (C-17).
  if (body.empty()) return {};
  if (kind.type == BodyType::kJson) return json_.decode(body, kNames, fields);
  if (kind.type == BodyType::kForm) return form_.decode(body, kNames, fields);
  return http::decode_multipart(body, kind.boundary, kNames, fields);
}

LoginFields LoginFieldsReader::read(const http::RequestHead& head, std::string_view body) {
  const std::string_view content_type = head.value(http::KnownHeader::kContentType);
  const BodyKind kind = kind_of(content_type, !body.empty());
  if (kind.type == BodyType::kUnsupported) {
    return problem(415, detail_json(fmt::format("Unsupported media type \"{}\" in request.", content_type)));
  }
  const DecodedTextWiper wiper{json_, form_};
  std::array<http::Field, 2> fields{};
  const http::DecodeResult decoded = decode(kind, body, fields);
  if (decoded.status == http::DecodeResult::Status::kNoData) {
    return problem(400, R"({"__all__":["No data provided"]})");
  }
  if (decoded.status == http::DecodeResult::Status::kMalformed)
    return problem(400, detail_json(decoded.detail));

  http::Field& username = fields[0];
  if (username.kind == http::FieldKind::kText) username.text = trim_white_space(username.text);
  LoginFields result;
  result.problem = problems_json(fields);
  if (result.problem.empty()) {
    result.username.assign(username.text);
    result.password = SecretText(fields[1].text);
  } else {
    result.status = 400;
  }
  return result;
}

}  // namespace latchkey::api
