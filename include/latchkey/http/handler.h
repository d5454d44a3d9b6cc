// The seam between a connection and what answers its requests. A handler answers at once if it can (a check),
// or else with a task that may wait (a login).
// Thread: one core's.
#pragma once

#include <memory>
#include <string_view>

#include "latchkey/base/clock.h"
#include "latchkey/http/request.h"
#include "latchkey/http/response.h"
#include "latchkey/net/address.h"
#include "latchkey/runtime/task.h"

namespace latchkey::http {

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
};

class Handler {
 public:
  virtual ~Handler() = default;

  /// Called when a connection opens. May return nothing.
  virtual std::unique_ptr<ConnectionMemo> opened(const net::IpAddress& peer) = 0;

  /// Answers if that needs no wait. Otherwise returns false and writes nothing; the caller then asks
  /// `answer`.
  virtual bool answer_now(Exchange& exchange) = 0;

  /// Answers, waiting for as long as it takes.
  /// Lifetime: `exchange` must outlive the task.
  virtual runtime::Task<void> answer(Exchange& exchange) = 0;

  /// The value of `Allow` for answers that the connection gives on the handler's behalf, for instance to a
  /// body that is too long (C-2). Empty if there is none.
  virtual std::string_view allow(const RequestHead&) noexcept { return {}; }
};

}  // namespace latchkey::http
