// Target: the server under load, parsed from a URL and resolved once, before any load. A value.
// Thread: made on the main thread, because resolving a name may use the network.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "latchkey/base/result.h"
#include "latchkey/net/address.h"

namespace latchkey::load {

struct Target {
  std::string authority;       ///< as in the Host line
  std::string path_and_query;  ///< at least `/`
  net::Endpoint endpoint;
  std::string unix_path;  ///< of the socket to connect to in place of `endpoint`; empty if there is none

  bool is_unix() const noexcept { return !unix_path.empty(); }
  bool is_loopback_v4() const noexcept;
  /// Fills in where to connect. Returns its length in bytes.
  socklen_t to_sockaddr(sockaddr_storage& out) const noexcept;
  /// Where it connects, for a person.
  std::string place() const { return is_unix() ? "unix:" + unix_path : endpoint.to_text(); }
};

/// sockaddr_un's sun_path without its NUL.
inline constexpr std::size_t kMaxSocketPathBytes = 107;

/// Parses `http://host[:port][/path][?query]`; host is a name, an IPv4 or a bracketed IPv6 address.
/// Errors: kInvalid for any other text; kNotFound if the name has no address.
Result<Target> parse_target(std::string_view url);

}  // namespace latchkey::load
