// Target: the server under load, parsed from a URL and resolved once, before any load. A value.
// Thread: made on the main thread, because resolving a name may use the network.
#pragma once

#include <string>
#include <string_view>

#include "latchkey/base/result.h"
#include "latchkey/net/address.h"

namespace latchkey::load {

struct Target {
  std::string authority;       ///< as in the Host line
  std::string path_and_query;  ///< at least `/`
  net::Endpoint endpoint;

  bool is_loopback_v4() const noexcept;
};

/// Parses `http://host[:port][/path][?query]`; host is a name, an IPv4 or a bracketed IPv6 address.
/// Errors: kInvalid for any other text; kNotFound if the name has no address.
Result<Target> parse_target(std::string_view url);

}  // namespace latchkey::load
