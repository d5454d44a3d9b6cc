// Script: decides which request a connection sends next. Each connection owns one. It allocates nothing for a
// request, except where a scenario's requests differ from each other (churn).
// Thread: the connection's.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "latchkey/http/response_reader.h"
#include "load/plan.h"
#include "load/tally.h"

namespace latchkey::load {

struct NextRequest {
  std::string_view bytes;  ///< valid until the next call to the script
  RequestKind kind = RequestKind::kRequest;
  bool to_head = false;    ///< it is a HEAD request, so its answer has no body
  bool keep_body = false;  ///< the script wants to read its answer
};

class Script {
 public:
  virtual ~Script() = default;
  virtual NextRequest next() = 0;
  /// Requests are answered in order. Not called for a request that failed.
  virtual void answered(RequestKind /*kind*/, const http::Answer& /*answer*/) {}
  /// The connection has ended, and the requests in progress with it.
  virtual void disconnected() {}
};

/// The script of the connection `number` (among all threads); null for a scenario that sends nothing.
/// Requires: `plan` has a token if it needs one.
/// Lifetime: `plan` must outlive the script.
std::unique_ptr<Script> make_script(const Plan& plan, std::size_t number);

}  // namespace latchkey::load
