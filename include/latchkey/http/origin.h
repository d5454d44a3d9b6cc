// Whether the page that made a browser send a request belongs to the site that received it. This goes by
// `Origin` (RFC 6454, Fetch), for browsers that do not say so themselves (Fetch Metadata).
// Thread: any; all are pure functions.
#pragma once

#include <string_view>

#include "latchkey/http/forwarded.h"

namespace latchkey::http {

/// Whether `origin` is `scheme://host[:port]` of `site`. The host may have any case, an IPv6 address any
/// spelling, and a missing port is the scheme's default. The schemes are compared if the site's is known.
/// False for `null`, for a scheme other than http and https, and for malformed text.
bool is_origin_of(std::string_view origin, const Site& site) noexcept;

}  // namespace latchkey::http
