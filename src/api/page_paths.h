// The paths of the pages. All that a page needs is also under `/auth/`, so that one host can serve an
// application and, with a single rule of its proxy for that prefix, the pages (S-10). A page under `/auth/`
// links, loads and asks for nothing else.
// Thread: any; constants and pure functions.
#pragma once

#include <string_view>

#include "api/path_template.h"

namespace latchkey::api {

/// What the paths of the pages' own begin with.
inline constexpr std::string_view kPagesPrefix = "/auth/";

inline constexpr PathTemplate kHomePath{"/"};
inline constexpr PathTemplate kStaticPath{"/api/static/{name}"};

inline constexpr PathTemplate kPagesHomePath{"/auth/"};
inline constexpr PathTemplate kSignOutPath{"/auth/sign-out/"};
inline constexpr PathTemplate kForbiddenPath{"/auth/forbidden/"};
inline constexpr PathTemplate kPagesStaticPath{"/auth/static/{name}"};
inline constexpr PathTemplate kPagesSessionPath{"/auth/session/"};
inline constexpr PathTemplate kPagesTokensPath{"/auth/tokens/"};
inline constexpr PathTemplate kPagesTokenPath{"/auth/tokens/{id}/"};
inline constexpr PathTemplate kPagesPasswordPath{"/auth/password/"};

/// Whether the path is one of the pages' own.
constexpr bool is_of_pages(std::string_view path) noexcept { return path.starts_with(kPagesPrefix); }

}  // namespace latchkey::api
