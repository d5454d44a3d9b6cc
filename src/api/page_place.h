// Where a page stands: which paths it uses, and what it allows a browser.
// Thread: any; all are pure functions.
#pragma once

#include <string_view>

#include "api/skeleton.h"
#include "latchkey/http/response.h"

namespace latchkey::api {

/// Where a page stands: the paths that it may use.
struct Place {
  std::string_view home;   ///< the path of the page of one's sessions
  std::string_view files;  ///< what the paths of style, script and icon begin with
  bool has_api = false;    ///< whether it links to the API
};

/// The place of the page under this path (S-10).
Place place_of(std::string_view path) noexcept;

/// Fills the gaps that the place decides.
/// Lifetime: `place` outlives `texts`.
void set_place(GapTexts& texts, const Place& place) noexcept;

/// Adds the headers of every page: nothing is loaded from elsewhere but style and icon of `origin`, if it is
/// given, and no other site may frame the page. It does not add `nosniff`, which other answers have too.
void add_page_headers(http::ResponseWriter& response, std::string_view origin = {});

}  // namespace latchkey::api
