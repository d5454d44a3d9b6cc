// What a resource is and does, as data. Routing, `Allow`, OPTIONS (C-50), the listings (C-70), the protection
// of cookies, the pages (B-1) and the OpenAPI document are all made from it, so that none can drift from the
// others. Constants of each resource's own file; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "latchkey/http/request.h"

namespace latchkey::api {

/// One field of a body. All of them are strings, and required.
struct FieldDescription {
  std::string_view name;
  std::string_view label;
  std::size_t min_length = 0;  ///< characters; 0: no bound
  std::size_t max_length = 0;  ///< characters; of a password bytes
  bool is_password = false;
};

/// One answer of an operation, for the OpenAPI document.
struct AnswerDescription {
  int status;
  std::string_view meaning;
  std::string_view schema{};  ///< a name of `openapi.cc`'s schemas; empty where there is no body
};

/// Whose credentials an operation looks at.
enum class Access : std::uint8_t {
  kAnyone,  ///< nobody's: those that a request brings are not read
  kHolder,  ///< those of the token's holder, who may be missing (C-40)
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
  std::string_view summary;
  Access access = Access::kAnyone;
  std::span<const FieldDescription> fields{};
  std::span<const std::string_view> parses{};  ///< media types of bodies
  std::span<const AnswerDescription> answers{};
  std::span<const ParameterDescription> parameters{};
};

/// The forms in which a resource's answers go out.
enum class Forms : std::uint8_t {
  kNegotiated,  ///< JSON or a page (C-60)
  kFixed,       ///< one of its own
};

struct ResourceDescription {
  std::string_view name;
  /// Plain text: paragraphs with an empty line between them; those indented by four spaces are set as they
  /// stand.
  std::string_view text;
  std::string_view added_in_version{};  ///< of the original; empty for what it did not have
  Forms forms = Forms::kNegotiated;
  /// In the order of `Allow`. GET stands for HEAD as well, and OPTIONS is understood. None: any method is
  /// served, and there is no `Allow`.
  std::span<const OperationDescription> operations{};
  /// The same for everybody, and of no credential. What is not is kept by nobody, and taken for nothing that
  /// it does not say it is.
  bool is_public = false;
  /// The media type of a fixed form.
  std::string_view fixed_type{};
};

/// The value of `Allow`: `GET, HEAD, OPTIONS`; empty where any method is served.
std::string allow_of(const ResourceDescription& description);

/// The body of an answer to OPTIONS (C-50).
std::string options_json_of(const ResourceDescription& description);

/// The operation of a method, HEAD being GET; nullptr where there is none.
const OperationDescription* find_operation(const ResourceDescription& description,
                                           http::Method method) noexcept;

}  // namespace latchkey::api
