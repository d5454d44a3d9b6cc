// Whether the page that made a browser send a request is of the site that the request was sent to: by
// `Origin` (RFC 6454, Fetch), for browsers that do not say so themselves (Fetch Metadata). Pure functions,
// any thread.
#pragma once

#include <string_view>

#include "latchkey/http/forwarded.h"

namespace latchkey::http {

/// Whether `origin` is `scheme://host[:port]` of `site`: host in any case, IPv6 in any spelling, a port that
/// is not there by the scheme's default, and the scheme too where the site's is known. False for `null`, for
/// another scheme than http and https, and for what is malformed.
bool is_origin_of(std::string_view origin, const Site& site) noexcept;

}  // namespace latchkey::http
