// Maps a field's name to its KnownHeader with one probe of a perfect hash table, laid out at compile time.
// Thread: any; all are pure functions.
#pragma once

#include <string_view>

#include "latchkey/http/request.h"

namespace latchkey::http {

/// `name` is a token of RFC 9110 §5.6.2 in any case. Returns kOther for an unknown or empty name.
KnownHeader find_known_header(std::string_view name) noexcept;

/// The name in its usual spelling. Not for kOther.
std::string_view name_of(KnownHeader header) noexcept;

}  // namespace latchkey::http
