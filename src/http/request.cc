#include "latchkey/http/request.h"

#include <cstddef>
#include <functional>

#include "latchkey/base/assert.h"
#include "latchkey/http/characters.h"

namespace latchkey::http {

void rebase(RequestHead& head, std::string_view from, std::string_view to) noexcept {
  LATCHKEY_ASSERT(from.size() == to.size());
  const auto moved = [from, to](std::string_view view) noexcept {
    const std::less<> before;
    const bool is_inside =
        !before(view.data(), from.data()) && !before(from.data() + from.size(), view.data() + view.size());
    return is_inside ? to.substr(static_cast<std::size_t>(view.data() - from.data()), view.size()) : view;
  };
  for (std::string_view* const view : {&head.method_text, &head.target, &head.path, &head.query}) {
    *view = moved(*view);
  }
  for (std::size_t i = 0; i < head.header_count; ++i) {
    head.headers[i].name = moved(head.headers[i].name);
    head.headers[i].value = moved(head.headers[i].value);
  }
}

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
