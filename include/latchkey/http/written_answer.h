// WrittenAnswer: what a ResponseWriter wrote, taken apart again: for who sends it on in another
// representation. Views into the written bytes. Only for this server's own bytes: what is malformed is a bug.
// Any thread.
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
  std::vector<WrittenHeader> headers;  ///< in order, those that every answer carries included
  std::string_view body;

  /// `bytes` is one whole answer, and outlives the object.
  static WrittenAnswer of(std::string_view bytes);

  /// The value of the first header of this name, in the writer's own spelling; empty where there is none.
  std::string_view value(std::string_view name) const noexcept;
};

/// Whether the writer adds this header itself: it describes the message or the server and not the resource,
/// and is not to be sent on.
bool is_common_header(std::string_view name) noexcept;

}  // namespace latchkey::http
