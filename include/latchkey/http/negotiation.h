// Which representation of a resource a request asks for (C-60, C-61): by `?format=` first, then by `Accept`,
// using quality and specificity (RFC 9110 §12.5.1).
// Thread: any; all are pure functions over a request's head and allocate nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "latchkey/http/request.h"

namespace latchkey::http {

/// The most spaces written per level, as in the original (Django REST framework's JSONRenderer).
inline constexpr std::size_t kMaxIndent = 8;

/// The value of the query's parameter `name`, not decoded. The last one if there are several, nothing if
/// there is none.
std::optional<std::string_view> find_query_parameter(std::string_view query, std::string_view name) noexcept;

struct Negotiated {
  enum class Status : std::uint8_t {
    kChosen,
    kUnknownFormat,  ///< 404
    kNotAcceptable,  ///< 406
  };
  enum class Form : std::uint8_t { kJson, kPage };

  Status status = Status::kChosen;
  Form form = Form::kJson;
  std::size_t indent = 0;  ///< spaces per level; 0 is compact

  /// Whether the answer goes out as the resource wrote it.
  bool is_plain_json() const noexcept {
    return status == Status::kChosen && form == Form::kJson && indent == 0;
  }
};

/// Chooses between `application/json` (`?format=json`) and `text/html` (`?format=api`). JSON wins if there is
/// no preference. A malformed range is ignored.
Negotiated negotiate(const RequestHead& head) noexcept;

/// Whether `Accept` alone prefers HTML to JSON, as a browser's does.
bool prefers_page(const RequestHead& head) noexcept;

}  // namespace latchkey::http
