#include "latchkey/http/json_fields.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>

#include "http/json_error.h"
#include "http/json_number.h"
#include "latchkey/base/assert.h"
#include "latchkey/base/secret.h"
#include "latchkey/http/characters.h"

namespace latchkey::http {

namespace {

using simdjson::dom::element_type;
using Status = DecodeResult::Status;

DecodeResult malformed(std::string_view what) {
  return {Status::kMalformed, fmt::format("JSON parse error - {}", what)};
}

DecodeResult malformed_at(std::string_view document) {
  const std::optional<JsonError> error = json_error_position(document);
  // The parser and the scanner agree on every document of the tests. If they ever disagree, the refusal
  // holds.
  if (!error) return malformed("malformed document at byte 0");
  return malformed(fmt::format("{} at byte {}", error->what, error->byte));
}

/// What simdjson does not see, or takes too long to see.
struct Looked {
  std::size_t depth = 0;        ///< simdjson does not count an empty container as a level
  bool has_bad_number = false;  ///< malformed, or out of range
};

/// The characters that matter for this. All others are skipped.
constexpr CharacterTable kIsLookedAt = table_of("\"{}[]-0123456789");

void overwrite_number(std::span<char> number) noexcept {
  number.front() = '0';
  for (char& c : number.subspan(1)) c = ' ';
}

/// Looks through a document once. Overwrites with 0 and blanks each number that simdjson may take long to
/// convert (300 digits take it 170,000 instructions): nobody needs its value, and this pass has already found
/// it good. A malformed document may come out as anything.
Looked look_through(std::span<char> document) noexcept {
  Looked looked;
  std::size_t depth = 0;
  const std::string_view text(document.data(), document.size());
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (!kIsLookedAt[static_cast<unsigned char>(c)]) {
      ++at;
    } else if (c == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) at += text[at] == '\\' ? 1U : 0U;
      ++at;
    } else if (c == '{' || c == '[') {
      looked.depth = std::max(looked.depth, ++depth);
      ++at;
    } else if (c == '}' || c == ']') {
      depth -= depth == 0 ? 0 : 1;
      ++at;
    } else if (const ShortJsonNumber few = short_json_number(text.substr(at)); few.bytes > 0) {
      if (!few.is_integer) overwrite_number(document.subspan(at, few.bytes));
      at += few.bytes;
    } else {
      const JsonNumber number = read_json_number(text.substr(at));
      // The document is refused here, so that nothing is looked at repeatedly. What follows a number without
      // an end between them must not look like part of it: overwritten, `1-2.5` would read as 10.
      if (number.status != JsonNumber::Status::kGood || !ends_json_scalar(text.substr(at + number.bytes))) {
        looked.has_bad_number = true;
        return looked;
      }
      overwrite_number(document.subspan(at, number.bytes));
      at += number.bytes;
    }
  }
  return looked;
}

/// The text of a number, which the DOM does not keep: the value of member number `index` of the top-level
/// object.
/// Requires: the document is valid.
std::string_view number_source(std::string_view document, std::size_t index) noexcept {
  std::size_t depth = 0;
  std::size_t member = 0;
  std::size_t start = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < document.size(); ++at) {
    const char c = document[at];
    if (in_string) {
      if (c == '\\') ++at;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if (depth == 1 && c == ',') {
      ++member;
    } else if (depth == 1 && c == ':' && member == index) {
      start = document.find_first_not_of(" \t\r\n", at + 1);
      break;
    }
  }
  const std::size_t end = document.find_first_of(" \t\r\n,}", start);
  return document.substr(start, end - start);
}

/// The last member so far with a wanted name. Its text is looked up once, at the end, because a body of
/// nothing but duplicates must not cost a scan for each.
struct Member {
  std::optional<simdjson::dom::element> value;
  std::size_t index = 0;
};

Field field_of(simdjson::dom::element value, std::string_view document, std::size_t index) noexcept {
  switch (value.type()) {
    case element_type::NULL_VALUE:
      return {FieldKind::kNull, {}};
    case element_type::STRING:
      return {FieldKind::kText, value.get_string().value_unsafe()};
    case element_type::INT64:
    case element_type::UINT64:
    case element_type::DOUBLE:
      return {FieldKind::kText, number_source(document, index)};
    default:
      return {FieldKind::kNotText, {}};
  }
}

}  // namespace

struct JsonFieldDecoder::Parser {
  simdjson::dom::parser dom;
};

JsonFieldDecoder::JsonFieldDecoder(std::size_t max_body_bytes)
    : max_body_bytes_(max_body_bytes),
      source_(std::make_unique<char[]>(max_body_bytes + simdjson::SIMDJSON_PADDING)),
      parser_(std::make_unique<Parser>()) {
  // simdjson refuses a body of its maximum, this decoder only a longer one. The document's memory is
  // allocated here, so that decoding allocates none.
  const std::size_t capacity =
      std::max<std::size_t>(max_body_bytes, simdjson::dom::MINIMAL_DOCUMENT_CAPACITY);
  const bool has_memory = parser_->dom.allocate(capacity, kMaxJsonDepth + 1) == simdjson::SUCCESS &&
                          parser_->dom.doc.allocate(capacity) == simdjson::SUCCESS;
  if (!has_memory) throw std::bad_alloc();
}

JsonFieldDecoder::~JsonFieldDecoder() { wipe(); }

DecodeResult JsonFieldDecoder::decode(std::string_view body, std::span<const std::string_view> names,
                                      std::span<Field> fields) {
  LATCHKEY_ASSERT(body.size() <= max_body_bytes_);
  LATCHKEY_ASSERT(names.size() == fields.size() && names.size() <= kMaxWantedFields);
  std::fill(fields.begin(), fields.end(), Field{});
  wipe();
  if (body.empty()) return {};
  body_bytes_ = body.size();
  std::memcpy(source_.get(), body.data(), body.size());
  const Looked looked = look_through({source_.get(), body.size()});
  const bool is_doubtful =
      body.starts_with("\xef\xbb\xbf") || looked.depth > kMaxJsonDepth || looked.has_bad_number;
  if (is_doubtful && json_error_position(body)) return malformed_at(body);
  const auto parsed = parser_->dom.parse(source_.get(), body.size(), false);
  if (parsed.error() != simdjson::SUCCESS) return malformed_at(body);
  const simdjson::dom::element root = parsed.value_unsafe();
  if (root.is_null()) return {Status::kNoData, {}};
  if (!root.is_object()) return malformed("not a JSON object");

  std::array<Member, kMaxWantedFields> last{};
  std::size_t index = 0;
  // Named, because value_unsafe() of a temporary returns a reference into it.
  const simdjson::dom::object object = root.get_object().value_unsafe();
  for (const auto& member : object) {
    const auto name = std::find(names.begin(), names.end(), member.key);
    if (name != names.end()) last[static_cast<std::size_t>(name - names.begin())] = {member.value, index};
    ++index;
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    // A number's text is looked up in the original body, where nothing is overwritten.
    if (last[i].value) fields[i] = field_of(*last[i].value, body, last[i].index);
  }
  return {};
}

void JsonFieldDecoder::wipe() noexcept {
  if (body_bytes_ == 0) return;
  // Wipes as much of each buffer as a body of this size can have filled, by simdjson's own formulas for their
  // sizes. Numbers are on the tape, and a number may be a password too.
  auto& document = parser_->dom.doc;
  latchkey::wipe(source_.get(), body_bytes_);
  latchkey::wipe(document.string_buf.get(), 5 * body_bytes_ / 3 + simdjson::SIMDJSON_PADDING);
  latchkey::wipe(document.tape.get(), (body_bytes_ + 3) * sizeof(std::uint64_t));
  body_bytes_ = 0;
}

}  // namespace latchkey::http
