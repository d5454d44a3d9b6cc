// WrittenAnswer takes apart what a ResponseWriter wrote, so that it can be sent on in another representation.
// It is only for this server's own bytes: malformed input is a bug.
// Thread: any.
#pragma once

#include <string_view>
#include <vector>

namespace latchkey::http {

struct WrittenHeader {
  std::string_view name;
  std::string_view value;
};

struct WrittenAnswer {
  int status = 0;
  std::vector<WrittenHeader> headers;  ///< in order, including those that every answer carries
  std::string_view body;

  /// Requires: `bytes` is one whole answer.
  /// Lifetime: `bytes` must outlive the object.
  static WrittenAnswer of(std::string_view bytes);

  /// The value of the first header of this name, spelled as the writer does; empty if there is none.
  std::string_view value(std::string_view name) const noexcept;
};

/// Whether the writer adds this header itself. Such a header describes the message or the server, not the
/// resource, and must not be sent on.
bool is_common_header(std::string_view name) noexcept;

}  // namespace latchkey::http
