// Where Latchkey and http-parser read a request differently on purpose. Whatever is not on these lists and
// differs is a failure of the differential fuzzer. Constants and pure functions.
#pragma once

#include <string_view>

#include "fuzz/other_parser.h"
#include "latchkey/http/request.h"

namespace latchkey::fuzz {

/// Whether Latchkey is stricter by a listed rule: it refuses with this reason what http-parser takes.
bool is_stricter_on_purpose(std::string_view reason);

/// Why Latchkey takes the message with this head, and these bytes behind it, though http-parser refused it
/// with `error`, or nullptr where no rule says so. The head's bytes still stand around its views.
const char* reason_to_be_laxer(const http::RequestHead& head, std::string_view behind,
                               std::string_view error);

/// Whether http-parser may take another decision than Latchkey on whether the connection goes on behind the
/// message with this head: it goes by Proxy-Connection too, gives up a list in Connection at an empty
/// element, at one that is no token, and at a tab, and overlooks what follows one that is the beginning of an
/// option it knows.
bool may_end_otherwise(const http::RequestHead& head);

}  // namespace latchkey::fuzz
