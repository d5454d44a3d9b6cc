#include "latchkey/http/multipart_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

#include "latchkey/base/assert.h"
#include "latchkey/base/utf8.h"
#include "latchkey/http/characters.h"
#include "latchkey/http/charset.h"
#include "latchkey/http/media_type.h"

namespace latchkey::http {

namespace {

constexpr std::size_t kMaxBoundaryBytes = 70;  // RFC 2046 §5.1.1

DecodeResult malformed(const char* what) {
  return {DecodeResult::Status::kMalformed, fmt::format("Multipart form parse error - {}", what)};
}

bool is_boundary(std::string_view text) noexcept {
  if (text.empty() || text.size() > kMaxBoundaryBytes || text.back() == ' ') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    constexpr std::string_view kAlsoAllowed = "'()+_,-./:=? ";
    return is_alphanumeric(c) || kAlsoAllowed.find(c) != std::string_view::npos;
  });
}

/// Where `wanted`, which is not empty, begins in `text`. memmem takes time linear in the text, whatever it
/// contains; std::string_view::find calls memchr at every first character of a near match.
std::size_t find_text(std::string_view text, std::string_view wanted) noexcept {
  if (text.empty()) return std::string_view::npos;
  const void* const found = ::memmem(text.data(), text.size(), wanted.data(), wanted.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

/// Cuts off and returns the next line without its CRLF; nothing if there is no CRLF.
std::optional<std::string_view> take_line(std::string_view& text) noexcept {
  const std::size_t end = find_text(text, "\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 2);
  return line;
}

/// Reads the name in a Content-Disposition into `name`. Returns what is wrong with it, or nullptr.
const char* read_content_disposition(std::string_view value, std::optional<std::string>& name) {
  const std::size_t semicolon = std::min(value.find(';'), value.size());
  if (!equals_ignoring_case(trim_blanks(value.substr(0, semicolon)), "form-data"))
    return "a part that is not form-data";
  const std::optional<Parameters> parameters = Parameters::parse(value.substr(semicolon));
  if (!parameters) return "malformed Content-Disposition";
  const Parameter* const parameter = parameters->find("name");
  if (parameter == nullptr) return "a part without name";
  if (name) return "Content-Disposition stands twice in a part";
  name = parameter->text();
  return nullptr;
}

bool is_identity_encoding(std::string_view value) noexcept {
  return equals_ignoring_case(value, "7bit") || equals_ignoring_case(value, "8bit") ||
         equals_ignoring_case(value, "binary");
}

/// What a part's head says: its name, and the charset in its own Content-Type (RFC 7578 §4.5).
struct PartHead {
  std::optional<std::string> name;
  Charset charset = Charset::kUtf8;
};

/// Returns what is wrong with a part's Content-Type, or nullptr. A value that is no media type is ignored,
/// because no text depends on it.
const char* read_content_type(std::string_view value, PartHead& head) {
  const std::optional<Parameters> parameters =
      Parameters::parse(value.substr(std::min(value.find(';'), value.size())));
  if (!parameters) return "malformed Content-Type in a part";
  if (const Parameter* const charset = parameters->find("charset"); charset != nullptr)
    head.charset = charset_named(charset->text());
  return nullptr;
}

/// Takes a part's head off `rest`, including its blank line. Returns what is wrong with it, or nullptr.
const char* take_part_head(std::string_view& rest, PartHead& head) {
  for (std::size_t count = 0; count <= kMaxPartHeaders; ++count) {
    const std::optional<std::string_view> line = take_line(rest);
    if (!line) return "unexpected end within a part's header";
    if (line->empty()) return head.name ? nullptr : "a part without name";
    const std::size_t colon = line->find(':');
    const std::string_view field = line->substr(0, colon);
    if (colon == std::string_view::npos || field.empty() || !all_are(kTokenCharacter, field) ||
        !all_are(kValueCharacter, line->substr(colon))) {
      return "malformed header in a part";
    }
    const std::string_view value = trim_blanks(line->substr(colon + 1));
    if (equals_ignoring_case(field, "Content-Disposition")) {
      if (const char* const wrong = read_content_disposition(value, head.name)) return wrong;
    } else if (equals_ignoring_case(field, "Content-Type")) {
      if (const char* const wrong = read_content_type(value, head)) return wrong;
    } else if (equals_ignoring_case(field, "Content-Transfer-Encoding") && !is_identity_encoding(value)) {
      return "unsupported Content-Transfer-Encoding";
    }
  }
  return "too many headers in a part";
}

/// What follows a boundary: another part, the end, or neither.
enum class AfterBoundary { kPart, kEnd, kMalformed };

AfterBoundary take_boundary_end(std::string_view& rest) noexcept {
  if (rest.starts_with("--")) return AfterBoundary::kEnd;
  while (!rest.empty() && is_blank(rest.front()))
    rest.remove_prefix(1);  // transport-padding, RFC 2046 §5.1.1
  if (!rest.starts_with("\r\n")) return AfterBoundary::kMalformed;
  rest.remove_prefix(2);
  return AfterBoundary::kPart;
}

}  // namespace

DecodeResult decode_multipart(std::string_view body, std::string_view boundary,
                              std::span<const std::string_view> names, std::span<Field> fields) {
  LATCHKEY_ASSERT(names.size() == fields.size() && names.size() <= kMaxWantedFields);
  std::fill(fields.begin(), fields.end(), Field{});
  if (!is_boundary(boundary)) return malformed("invalid boundary");
  const std::string delimiter = fmt::format("\r\n--{}", boundary);
  const std::string_view first = std::string_view(delimiter).substr(2);
  if (!body.starts_with(first)) return malformed("body does not begin with its boundary");
  body.remove_prefix(first.size());

  for (std::size_t parts = 0;; ++parts) {
    const AfterBoundary after = take_boundary_end(body);
    if (after == AfterBoundary::kEnd) return {};
    if (after == AfterBoundary::kMalformed) return malformed("malformed boundary");
    if (parts == kMaxParts) return malformed("too many parts");
    PartHead head;
    if (const char* const wrong = take_part_head(body, head)) return malformed(wrong);
    // RFC 2046 lets a part end at its header's blank line. Reading on would make the next part this one's
    // content.
    if (body.starts_with(first)) return malformed("a part without content");
    const std::size_t end = find_text(body, delimiter);
    if (end == std::string_view::npos) return malformed("unexpected end within a part");
    const std::string_view content = body.substr(0, end);
    body.remove_prefix(end + delimiter.size());
    const auto wanted = std::find(names.begin(), names.end(), *head.name);
    if (wanted == names.end()) continue;
    const bool is_read =
        head.charset == Charset::kUtf8 || (head.charset == Charset::kAsciiSuperset && is_ascii(content));
    if (!is_read) return {DecodeResult::Status::kUnsupportedCharset, {}};
    if (!is_utf8(content)) return malformed("invalid UTF-8 in a field");
    fields[static_cast<std::size_t>(wanted - names.begin())] = {FieldKind::kText, content};
  }
}

}  // namespace latchkey::http
