// Resource: one thing under a path. Each core has one object per resource, which holds no state of a request.
// `answer_now` serves requests that need no wait, `answer` the rest.
// Thread: its core's.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "api/description.h"
#include "api/request_context.h"
#include "latchkey/base/assert.h"
#include "latchkey/runtime/task.h"

namespace latchkey::api {

class Resource {
 public:
  /// Lifetime: `description` outlives the resource.
  explicit Resource(const ResourceDescription& description)
      : description_(description),
        allow_(allow_of(description)),
        options_json_(options_json_of(description)) {}
  virtual ~Resource() = default;
  Resource(const Resource&) = delete;
  Resource& operator=(const Resource&) = delete;

  const ResourceDescription& description() const noexcept { return description_; }
  /// The value of `Allow`, in its published order. Empty if any method is served.
  std::string_view allow() const noexcept { return allow_; }
  /// The body of an answer to OPTIONS.
  std::string_view options_json() const noexcept { return options_json_; }

  /// The resource's number among those of HttpMetrics; 0 until it is set.
  std::size_t number() const noexcept { return number_; }
  void set_number(std::size_t number) noexcept { number_ = number; }

  /// Answers if that needs no wait. Returns false and writes nothing if `answer` is to be called.
  /// Requires: the method is one of the description's operations.
  virtual bool answer_now(RequestContext&) { return false; }

  /// Answers, waiting as long as it takes.
  /// Requires: `answer_now` returned false.
  /// Lifetime: the request outlives the task.
  virtual runtime::Task<void> answer(RequestContext& request);

 private:
  const ResourceDescription& description_;
  const std::string allow_;
  const std::string options_json_;
  std::size_t number_ = 0;
};

}  // namespace latchkey::api
