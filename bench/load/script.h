// Script: which request a connection sends next. One a connection, owned by it, on its thread. Nothing is
// allocated for a request but where a scenario's requests differ from one to the next (churn).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "latchkey/http/response_reader.h"
#include "load/plan.h"
#include "load/tally.h"

namespace latchkey::load {

struct NextRequest {
  std::string_view bytes;  ///< until the script is asked or told again
  RequestKind kind = RequestKind::kRequest;
  bool to_head = false;    ///< it is HEAD, so that its answer has no body
  bool keep_body = false;  ///< the script wants to read its answer
};

class Script {
 public:
  virtual ~Script() = default;
  virtual NextRequest next() = 0;
  /// Requests are answered in their order; one that failed is never.
  virtual void answered(RequestKind /*kind*/, const http::Answer& /*answer*/) {}
  /// The connection has ended, and the requests under way with it.
  virtual void disconnected() {}
};

/// The script of the connection `number` (of all threads). `plan` outlives it, and has a token where it needs
/// one. Null for a scenario in which nothing is sent.
std::unique_ptr<Script> make_script(const Plan& plan, std::size_t number);

}  // namespace latchkey::load
