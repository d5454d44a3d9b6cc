// Whether a person at a browser waits for the answer to a request, and where such a person signs in (S-8).
// Thread: any; all are pure functions.
#pragma once

#include <string>

#include "api/original_request.h"
#include "latchkey/api/sites.h"
#include "latchkey/http/request.h"

namespace latchkey::api {

/// Whether the request is a navigation that the browser can repeat after a sign-in: GET or HEAD, and
/// `Sec-Fetch-Mode: navigate`. A request without that field is one if its `Accept` prefers HTML to JSON.
/// `head` has the client's own fields, which the proxy passes on.
bool is_navigation(const http::RequestHead& head, const OriginalRequest& about) noexcept;

/// The sign-in page of the site, with the request's URL in `rd`. A URL too long for the headers that proxies
/// take is cut before its query, and if need be before its path. Empty if the site redirects nobody.
std::string sign_in_location(const Site& site, const OriginalRequest& about);

}  // namespace latchkey::api
