// The seam between a connection and what answers its requests. A handler answers at once if it can (a check),
// or else with a task that may wait (a login).
// Thread: one core's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "latchkey/base/clock.h"
#include "latchkey/http/access_ring.h"
#include "latchkey/http/request.h"
#include "latchkey/http/response.h"
#include "latchkey/net/address.h"
#include "latchkey/runtime/task.h"

namespace latchkey::http {

/// A family of proxies that ask about their requests, each in its own way (C-36).
enum class ProxyFamily : std::uint8_t {
  kNone,     ///< nobody asks by the listener alone: the path decides
  kNginx,    ///< `auth_request`: refuses by 401 and 403 alone
  kForward,  ///< Caddy, Traefik, HAProxy: hand a refusal on to the client
  kEnvoy,    ///< external authorization over HTTP: asks by the client's own method and path
};

/// Where a connection comes from, and what it is for.
struct ConnectionOrigin {
  net::IpAddress peer;
  bool is_unix_peer = false;              ///< the peer is at a Unix socket; `peer` is `::`
  ProxyFamily asks = ProxyFamily::kNone;  ///< as in Exchange
  int descriptor = -1;                    ///< of the connection, for whom the kernel is asked about
};

/// What a handler remembers about one connection. Made when the connection opens, destroyed when it closes.
class ConnectionMemo {
 public:
  virtual ~ConnectionMemo() = default;
};

/// One request and the writer of its answer.
/// Lifetime: views are valid until the answer is finished.
struct Exchange {
  const RequestHead& head;
  std::string_view body;       ///< without its framing; empty if there is none
  const net::IpAddress& peer;  ///< the other end, or the client that the PROXY protocol named
  ConnectionMemo* memo;
  ResponseWriter& response;
  /// The other end is a Unix socket. It has no address (`peer` is `::`), and is trusted as a proxy (C-34).
  bool is_unix_peer = false;
  /// The family for whose questions the listener is: there, every request is one.
  ProxyFamily asks = ProxyFamily::kNone;
  /// What the handler says for the access log; null if there is none.
  AccessNote* note = nullptr;
  /// The number of the resource that answers, which the handler sets, for HttpMetrics.
  std::size_t resource = 0;
};

class Handler {
 public:
  virtual ~Handler() = default;

  /// Called when a connection opens. May return nothing.
  virtual std::unique_ptr<ConnectionMemo> opened(const ConnectionOrigin& origin) = 0;

  /// Answers if that needs no wait. Otherwise returns false and writes nothing; the caller then asks
  /// `answer`.
  virtual bool answer_now(Exchange& exchange) = 0;

  /// Answers, waiting for as long as it takes.
  /// Lifetime: `exchange` must outlive the task.
  virtual runtime::Task<void> answer(Exchange& exchange) = 0;

  /// Whether a request to a listener for `asks` is answered from its head alone. Then its body is not waited
  /// for, whatever `Expect` says, and the connection closes behind the answer if a body was announced. The
  /// head may also break rules that hold for every other request: `CONNECT`, any form of target (`path` is
  /// empty if it is not a path of this server), fields twice that should stand once (RequestHead::lines).
  virtual bool answers_from_head(const RequestHead&, ProxyFamily /*asks*/) noexcept { return false; }

  /// The client that a trusted proxy names (C-34), for the access log. Nothing if it is the peer.
  virtual std::optional<net::IpAddress> client_of(const Exchange&) noexcept { return std::nullopt; }

  /// The value of `Allow` for answers that the connection gives on the handler's behalf, for instance to a
  /// body that is too long (C-2). Empty if there is none.
  virtual std::string_view allow(const RequestHead&) noexcept { return {}; }
};

}  // namespace latchkey::http
