// OriginalRequest: the request that a proxy asks about, as it names it in the question (S-8). Each family of
// proxies has its own fields, and no others are read for it.
// Thread: any; a pure function, whose views point into the question.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "latchkey/http/authority.h"
#include "latchkey/http/handler.h"
#include "latchkey/http/request.h"

namespace latchkey::api {

struct OriginalRequest {
  std::string_view method;  ///< empty if nobody says
  bool is_https = false;
  http::Authority authority;
  std::string_view path;   ///< not decoded; begins with `/` unless the request is of another form
  std::string_view query;  ///< without its `?`; empty if there is none

  /// GET or HEAD: what a browser can repeat after a sign-in.
  bool is_repeatable() const noexcept { return method == "GET" || method == "HEAD"; }
  /// The absolute URL in visible ASCII, with a port only if it is not the default one.
  std::string url() const;
};

/// What the fields of `family` say:
///
///     kNginx    X-Original-Method, X-Original-URL (absolute)
///     kForward  X-Forwarded-Method, X-Forwarded-Proto, X-Forwarded-Host, X-Forwarded-Uri
///     kEnvoy    the question's own method, Host and target behind `prefix`; X-Forwarded-Proto, else http
///
/// Nothing if the host is missing, if a field is malformed, or if one is there twice: two readers could pick
/// different ones. Requires: the peer is trusted to set these fields; a family.
std::optional<OriginalRequest> original_request(const http::RequestHead& question, http::ProxyFamily family,
                                                std::string_view prefix) noexcept;

}  // namespace latchkey::api
