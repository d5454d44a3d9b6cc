// Target: the server under load, taken from a URL and resolved once, before any load. A value; made on the
// main thread, since resolving a name may ask the network.
#pragma once

#include <string>
#include <string_view>

#include "latchkey/base/result.h"
#include "latchkey/net/address.h"

namespace latchkey::load {

struct Target {
  std::string authority;       ///< as the Host line has it
  std::string path_and_query;  ///< at least `/`
  net::Endpoint endpoint;

  bool is_loopback_v4() const noexcept;
};

/// `http://host[:port][/path][?query]`, host a name, an IPv4 address or an IPv6 address in brackets. Error
/// kInvalid for any other text, kNotFound where the name has no address.
Result<Target> parse_target(std::string_view url);

}  // namespace latchkey::load
