// The operator's settings that the API reads. Made at start and constant afterwards.
// Thread: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/api/cookie_names.h"
#include "latchkey/api/sites.h"
#include "latchkey/http/forwarded.h"
#include "latchkey/net/address.h"

namespace latchkey::api {

/// The fields that name the user of an admitted request, beside `X-Auth-User` (C-36).
struct IdentityFields {
  std::string user = "Remote-User";
  std::string groups = "Remote-Groups";
  std::string name = "Remote-Name";
  std::string email = "Remote-Email";
};

struct ApiSettings {
  std::string node;
  std::string version;
  bool show_version = true;  ///< whether those who are not signed in are told the version too (C-70)
  std::chrono::milliseconds token_timeout{1'800'000};
  std::string token_timeout_text = "1800";    ///< the same in whole seconds, for `Auth-Token-Timeout`
  std::vector<net::Network> trusted_proxies;  ///< C-34
  http::ForwardedSource forwarded_source = http::ForwardedSource::kXForwardedFor;
  bool bind_address = true;  ///< C-35
  bool bind_agent = true;
  int bind_ipv4_prefix = 32;
  int bind_ipv6_prefix = 128;
  bool session_text = true;
  bool basic = true;  ///< C-30
  bool verify_basic = false;
  CookieNames cookie_names;
  SameSite cookie_same_site = SameSite::kLax;
  bool secure_cookies = false;  ///< marks cookies Secure even if the connection is not known to be
  IdentityFields identity;
  Sites sites;
  std::size_t max_body_bytes = 65'536;

  /// The version as anybody is told: empty if it is kept from strangers.
  std::string_view public_version() const noexcept { return show_version ? version : std::string_view{}; }
};

}  // namespace latchkey::api
