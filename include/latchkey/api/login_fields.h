// What a login's body says, checked by C-15 to C-18: from the bytes and their media type to a username and a
// password, or to the answer that says what is wrong. One object a core; it owns the decoders' memory.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "latchkey/base/secret.h"
#include "latchkey/http/fields.h"
#include "latchkey/http/form_fields.h"
#include "latchkey/http/json_fields.h"
#include "latchkey/http/request.h"

namespace latchkey::api {

inline constexpr std::size_t kMaxUsernameCharacters = 150;
inline constexpr std::size_t kMaxPasswordBytes = 4096;

struct LoginFields {
  int status = 200;      ///< 200: `username` and `password` count; else the answer's status
  std::string problem;   ///< the answer's JSON body where `status` is not 200
  std::string username;  ///< trimmed (C-16)
  SecretText password;   ///< to the byte
};

class LoginFieldsReader {
 public:
  /// Room for bodies of up to `max_body_bytes`.
  explicit LoginFieldsReader(std::size_t max_body_bytes) : json_(max_body_bytes), form_(max_body_bytes) {}

  /// Reads a body. Nothing of it is left in the decoders afterwards.
  LoginFields read(const http::RequestHead& head, std::string_view body);

  /// Which decoder a body is for (C-10, C-18).
  enum class BodyType { kNothing, kJson, kForm, kMultipart, kUnsupported };
  struct BodyKind {
    BodyType type = BodyType::kUnsupported;
    std::string boundary;
  };

 private:
  http::DecodeResult decode(const BodyKind& kind, std::string_view body, std::span<http::Field> fields);

  http::JsonFieldDecoder json_;
  http::FormFieldDecoder form_;
};

/// The text without white space at either end: ASCII's and Unicode's (C-16). `text` is valid UTF-8.
std::string_view trim_white_space(std::string_view text) noexcept;

}  // namespace latchkey::api
