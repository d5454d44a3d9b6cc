// Reads a request's body by the description of its operation. From the bytes and their media type it makes a
// value for each field, or the answer that says what is wrong (C-10, C-15 to C-18). One object per core,
// which owns the decoders' memory.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "api/description.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/secret.h"
#include "latchkey/http/fields.h"
#include "latchkey/http/form_fields.h"
#include "latchkey/http/json_fields.h"
#include "latchkey/http/request.h"
#include "latchkey/http/response.h"

namespace latchkey::api {

inline constexpr std::size_t kMaxUsernameCharacters = 150;
inline constexpr std::size_t kMaxPasswordBytes = 4096;
inline constexpr std::size_t kMaxBodyFields = 2;

/// The media types of C-10, in the order in which they are published.
inline constexpr std::array<std::string_view, 3> kBodyTypes = {
    "application/json", "application/x-www-form-urlencoded", "multipart/form-data"};

/// Whether reading the body takes so long that others would wait. It is then read in a turn (runtime::Turns).
constexpr bool is_long_body(std::string_view body) noexcept { return body.size() > 4096; }

struct BodyFields {
  int status = 200;         ///< 200: `values` is valid; otherwise the answer's status
  std::string problem;      ///< the answer's JSON body if `status` is not 200
  bool is_encoded = false;  ///< 415 for its Content-Encoding: the answer lists the supported ones
  /// In the order of the operation's fields. Passwords are kept byte for byte, other values trimmed (C-16).
  std::array<SecretText, kMaxBodyFields> values;
};

class BodyFieldsReader {
 public:
  /// Makes room for bodies of up to `max_body_bytes`.
  explicit BodyFieldsReader(std::size_t max_body_bytes) : json_(max_body_bytes), form_(max_body_bytes) {}

  /// Reads a body for an operation of 1 to kMaxBodyFields fields. Leaves nothing of it in the decoders or on
  /// the stack.
  BodyFields read(const OperationDescription& operation, const http::RequestHead& head,
                  std::string_view body);

  /// The decoder for a body (C-10, C-18).
  enum class BodyType { kNothing, kJson, kForm, kMultipart, kUnsupported };
  struct BodyKind {
    BodyType type = BodyType::kUnsupported;
    std::string boundary;
    bool ascii_only = false;  ///< its charset is a superset of ASCII other than UTF-8
  };

 private:
  [[gnu::noinline]] BodyFields read_body(const OperationDescription& operation, const http::RequestHead& head,
                                         std::string_view body);
  bool is_charset_read(const BodyKind& kind, std::string_view body, const http::Field& charset,
                       std::span<const http::Field> fields) const;
  http::DecodeResult decode(const BodyKind& kind, std::string_view body,
                            std::span<const std::string_view> names, std::span<http::Field> fields);

  http::JsonFieldDecoder json_;
  http::FormFieldDecoder form_;
};

/// The text without white space at either end, ASCII's and Unicode's (C-16).
/// Requires: `text` is valid UTF-8.
std::string_view trim_white_space(std::string_view text) noexcept;

}  // namespace latchkey::api
