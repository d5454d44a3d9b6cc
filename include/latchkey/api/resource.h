// Resource: one thing under a path. A core has one object of each; they hold no request's state. `answer_now`
// serves what needs no wait, `answer` the rest. One core thread.
#pragma once

#include <string_view>

#include "latchkey/api/memo.h"
#include "latchkey/http/handler.h"
#include "latchkey/runtime/task.h"

namespace latchkey::api {

class Resource {
 public:
  virtual ~Resource() = default;

  /// The value of `Allow`, in the order in which it is published; empty where any method is served.
  virtual std::string_view allow() const noexcept = 0;

  /// Answers, if that needs no wait. False, with nothing written, if `answer` is to be asked. The method is
  /// one of `allow`.
  virtual bool answer_now(http::Exchange& exchange, ConnectionBinding& binding) = 0;

  /// Answers, waiting as long as it takes. Both outlive the task. Asked only after `answer_now` gave false.
  virtual runtime::Task<void> answer(http::Exchange& exchange, ConnectionBinding& binding) = 0;
};

}  // namespace latchkey::api
