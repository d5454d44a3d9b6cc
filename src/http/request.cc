#include "latchkey/http/request.h"

#include "latchkey/http/characters.h"

namespace latchkey::http {

OtherHeader find_other_header(const RequestHead& head, std::string_view name) noexcept {
  OtherHeader found;
  for (std::size_t i = 0; i < head.header_count; ++i) {
    if (!equals_ignoring_case(head.headers[i].name, name)) continue;
    ++found.lines;
    found.value = head.headers[i].value;
  }
  return found;
}

}  // namespace latchkey::http
