// Resource: one thing under a path. A core has one object of each; they hold no request's state. `answer_now`
// serves what needs no wait, `answer` the rest. One core thread.
#pragma once

#include <string>
#include <string_view>

#include "api/description.h"
#include "api/request_context.h"
#include "latchkey/base/assert.h"
#include "latchkey/runtime/task.h"

namespace latchkey::api {

class Resource {
 public:
  /// `description` outlives the resource.
  explicit Resource(const ResourceDescription& description)
      : description_(description),
        allow_(allow_of(description)),
        options_json_(options_json_of(description)) {}
  virtual ~Resource() = default;
  Resource(const Resource&) = delete;
  Resource& operator=(const Resource&) = delete;

  const ResourceDescription& description() const noexcept { return description_; }
  /// The value of `Allow`, in the order in which it is published; empty where any method is served.
  std::string_view allow() const noexcept { return allow_; }
  /// The body of an answer to OPTIONS.
  std::string_view options_json() const noexcept { return options_json_; }

  /// Answers, if that needs no wait. False, with nothing written, if `answer` is to be asked. The method is
  /// one of the description's operations.
  virtual bool answer_now(RequestContext&) { return false; }

  /// Answers, waiting as long as it takes. Asked only after `answer_now` gave false. Lifetime: the request
  /// outlives the task.
  virtual runtime::Task<void> answer(RequestContext& request);

 private:
  const ResourceDescription& description_;
  const std::string allow_;
  const std::string options_json_;
};

}  // namespace latchkey::api
