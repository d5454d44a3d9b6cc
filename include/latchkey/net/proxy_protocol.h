// Parses the header that a proxy sends before a connection's first byte to say who is behind it: PROXY
// protocol versions 1 and 2 (HAProxy's doc/proxy-protocol.txt). It is read only on listeners that demand it
// (C-34). The parser is a pure function over the bytes received so far.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "latchkey/net/address.h"

namespace latchkey::net {

/// The longest header of version 1, including its CRLF (§2.1).
inline constexpr std::size_t kMaxProxyV1Bytes = 107;

/// The longest header of version 2 that is accepted. The sender promises that addresses fit in 536 bytes
/// (§2.2). The rest leaves room for the extensions (TLS names, unique ids) that proxies add and this server
/// skips.
inline constexpr std::size_t kMaxProxyV2Bytes = 1024;

struct ProxyHeader {
  enum class Status : std::uint8_t {
    kIncomplete,  ///< so far the bytes fit a header; ask again with more
    kComplete,
    kRefused,  ///< not a header of this protocol: close the connection
  };
  Status status = Status::kIncomplete;
  std::size_t consumed = 0;        ///< kComplete: bytes of the header; the connection's own bytes follow it.
  std::optional<Endpoint> source;  ///< kComplete: the client; nothing for LOCAL, UNKNOWN, UNSPEC and UNIX.
  const char* reason = "";         ///< kRefused: for the log.
};

/// Reads the header at the start of `bytes`. Input that cannot become a header is refused at its first wrong
/// byte. Checksums and other extensions of version 2 are skipped unread.
ProxyHeader parse_proxy_header(std::string_view bytes) noexcept;

/// Whether the bytes begin like a header of either version.
bool begins_as_proxy_header(std::string_view bytes) noexcept;

}  // namespace latchkey::net
