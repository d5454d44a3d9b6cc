// Where the server listens, as settings name it: an address with its port, or the path of a Unix socket.
// Plain values. Thread: any.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "latchkey/base/result.h"
#include "latchkey/http/handler.h"
#include "latchkey/net/address.h"

namespace latchkey::server {

/// What the path of a Unix socket stands behind.
inline constexpr std::string_view kUnixScheme = "unix:";
/// sockaddr_un's sun_path without its NUL.
inline constexpr std::size_t kMaxSocketPathBytes = 107;

struct ListenAddress {
  net::Endpoint endpoint;  ///< unless there is a path
  std::string path;        ///< of a Unix socket: absolute, in its shortest form

  /// Reads `127.0.0.1:8080`, `[::1]:8080` or `unix:/run/latchkey/http.sock`.
  /// Errors: kInvalid says what is wrong.
  static Result<ListenAddress> parse(std::string_view text);

  bool is_unix() const noexcept { return !path.empty(); }
  /// In the form that `parse` reads.
  std::string to_text() const;
  auto operator<=>(const ListenAddress&) const = default;
};

/// Whether others than this machine and the networks of its own site may reach an address: it is neither
/// loopback's nor one of those that are set aside (RFC 1918, RFC 4193, RFC 6598, link-local).
bool is_public(const net::IpAddress& address);

/// Where every request is a question of a proxy of this family (S-7).
struct VerifyAddress {
  ListenAddress where;
  http::ProxyFamily family = http::ProxyFamily::kNginx;

  /// Reads an address alone, which is nginx's, or with its family in front: `envoy@127.0.0.1:9001`.
  /// Errors: kInvalid says what is wrong.
  static Result<VerifyAddress> parse(std::string_view text);

  std::string to_text() const;
  auto operator<=>(const VerifyAddress&) const = default;
};

/// `nginx`, `forward` or `envoy`.
std::string_view name_of(http::ProxyFamily family) noexcept;

}  // namespace latchkey::server
