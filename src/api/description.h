// Describes resources as data. Routing, `Allow`, OPTIONS (C-50), the listings (C-70), the protection of
// cookies, the pages (B-1) and the OpenAPI document are all made from it, so they cannot disagree. Each
// resource's source holds its constants.
// Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "latchkey/http/request.h"

namespace latchkey::api {

/// One field of a body. All fields are strings, and required.
struct FieldDescription {
  std::string_view name;
  std::string_view label;
  std::size_t min_length = 0;  ///< characters; 0: no bound
  std::size_t max_length = 0;  ///< characters; bytes for a password
  bool is_password = false;
};

/// One answer of an operation, for the OpenAPI document.
struct AnswerDescription {
  int status;
  std::string_view meaning;
  std::string_view schema{};  ///< a name of `openapi.cc`'s schemas; empty if there is no body
};

/// Whose credentials an operation reads.
enum class Access : std::uint8_t {
  kAnyone,  ///< nobody's: credentials in the request are not read
  kHolder,  ///< those of the token's holder; they may be missing (C-40)
  kUser,    ///< a user's; without them the answer is 401 (C-32)
};

/// A parameter of the query.
struct ParameterDescription {
  std::string_view name;
  std::string_view meaning;
};

struct OperationDescription {
  http::Method method;
  std::string_view method_text;
  std::string_view id;  ///< what a generated client calls it: `listTokens`
  std::string_view summary;
  Access access = Access::kAnyone;
  std::span<const FieldDescription> fields{};
  std::span<const std::string_view> parses{};  ///< media types of bodies
  std::span<const AnswerDescription> answers{};
  std::span<const ParameterDescription> parameters{};
};

/// The forms that a resource's answers take.
enum class Forms : std::uint8_t {
  kNegotiated,  ///< JSON or a page (C-60)
  kFixed,       ///< one form of its own
};

struct ResourceDescription {
  std::string_view name;
  /// Plain text: paragraphs separated by empty lines. Those indented by four spaces are shown verbatim.
  std::string_view text;
  std::string_view tag{};               ///< the group of operations in the OpenAPI document
  std::string_view added_in_version{};  ///< of the original; empty for what it did not have
  Forms forms = Forms::kNegotiated;
  /// In the order of `Allow`. GET includes HEAD, and OPTIONS is implied. If empty, any method is served and
  /// there is no `Allow`.
  std::span<const OperationDescription> operations{};
  /// Whether its answers are the same for everybody and reveal no credential. All other answers are marked
  /// not to be stored, and browsers must not guess their type.
  bool is_public = false;
  /// The media type of a fixed form.
  std::string_view fixed_type{};
};

/// The value of `Allow`: `GET, HEAD, OPTIONS`. Empty if any method is served.
std::string allow_of(const ResourceDescription& description);

/// The body of an answer to OPTIONS (C-50).
std::string options_json_of(const ResourceDescription& description);

/// The operation for a method, with HEAD as GET, or nullptr.
const OperationDescription* find_operation(const ResourceDescription& description,
                                           http::Method method) noexcept;

}  // namespace latchkey::api
