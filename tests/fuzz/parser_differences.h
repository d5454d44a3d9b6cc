// Where Latchkey and http-parser read a request differently on purpose. The differential fuzzer fails on any
// difference that is not listed here. Constants and pure functions.
#pragma once

#include <string_view>

#include "fuzz/other_parser.h"
#include "latchkey/http/request.h"

namespace latchkey::fuzz {

/// Whether a listed rule makes Latchkey stricter: it refuses, for this reason, what http-parser takes.
bool is_stricter_on_purpose(std::string_view reason);

/// Why Latchkey takes the message with this head, and these bytes behind it, although http-parser refused it
/// with `error`; nullptr if no rule says so. Requires: the views in `head` still point into the bytes of the
/// whole head.
const char* reason_to_be_laxer(const http::RequestHead& head, std::string_view behind,
                               std::string_view error);

/// Whether http-parser may decide differently from Latchkey if the connection goes on behind the message with
/// this head. It obeys Proxy-Connection too. It gives up a list in Connection at an empty element, at one
/// that is not a token, and at a tab. It overlooks what follows an element that is the beginning of an option
/// it knows.
bool may_end_otherwise(const http::RequestHead& head);

}  // namespace latchkey::fuzz
