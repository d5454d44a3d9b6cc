// The seam between a connection and what answers its requests. A handler answers at once where it can (a
// check), or with a task that may wait (a login). One core thread.
#pragma once

#include <memory>
#include <string_view>

#include "latchkey/base/clock.h"
#include "latchkey/http/request.h"
#include "latchkey/http/response.h"
#include "latchkey/net/address.h"
#include "latchkey/runtime/task.h"

namespace latchkey::http {

/// What a handler remembers of one connection, made when it opens and gone when it closes.
class ConnectionMemo {
 public:
  virtual ~ConnectionMemo() = default;
};

/// One request and the place for its answer. Views are valid until the answer is finished.
struct Exchange {
  const RequestHead& head;
  std::string_view body;       ///< decoded from its framing; empty where there is none
  const net::IpAddress& peer;  ///< the other end, or what the PROXY protocol named
  ConnectionMemo* memo;
  ResponseWriter& response;
};

class Handler {
 public:
  virtual ~Handler() = default;

  /// A connection has opened. May give nothing.
  virtual std::unique_ptr<ConnectionMemo> opened(const net::IpAddress& peer) = 0;

  /// Answers, if that needs no wait. False, with nothing written, if `answer` is to be asked.
  virtual bool answer_now(Exchange& exchange) = 0;

  /// Answers, waiting as long as it takes. `exchange` outlives the task.
  virtual runtime::Task<void> answer(Exchange& exchange) = 0;

  /// The value of `Allow` on the answers that the connection gives in the handler's place, as to a body that
  /// is too long (C-2); empty where there is none.
  virtual std::string_view allow(const RequestHead&) noexcept { return {}; }
};

}  // namespace latchkey::http
