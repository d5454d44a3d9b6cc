// From a field's name to its KnownHeader by one probe of a perfect hash table that is laid out at compile
// time. Pure functions, any thread.
#pragma once

#include <string_view>

#include "latchkey/http/request.h"

namespace latchkey::http {

/// `name` is a token of RFC 9110 §5.6.2, of any case. kOther for a name that is not known, the empty one too.
KnownHeader find_known_header(std::string_view name) noexcept;

/// The name in its usual spelling. Not for kOther.
std::string_view name_of(KnownHeader header) noexcept;

}  // namespace latchkey::http
