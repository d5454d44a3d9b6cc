// CostRig: the API of one core behind a real connection, whose stream the program feeds. It measures the cost
// of a request from its bytes to those of its answer, without the kernel. Under valgrind it logs the
// instructions of each stretch between two waits, in which no other connection runs.
// Thread: one.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "latchkey/http/connection.h"
#include "latchkey/runtime/buffer_ring.h"
#include "latchkey/runtime/nursery.h"
#include "rig/core_parts.h"
#include "support/runtime_doubles.h"

namespace latchkey::cost {

/// The outcome of a request.
struct Outcome {
  int status = 0;  ///< of the last answer; 0 if none came
  std::size_t answer_bytes = 0;
  bool goes_on = false;  ///< it waits for another thread: a hash worker
};

class CostRig {
 public:
  explicit CostRig(const api::ApiSettings& settings);
  ~CostRig();
  CostRig(const CostRig&) = delete;
  CostRig& operator=(const CostRig&) = delete;

  const api::Api& api() const noexcept { return *parts_.api; }

  /// Feeds a fresh connection with `bytes` until it waits for more. Unless `name` is empty, marks the begin
  /// and end of each stretch with it in valgrind's log.
  Outcome exchange(std::string_view bytes, const std::string& name = {});

 private:
  test::SilentDoorbell doorbell_;
  bench::CoreParts parts_;
  std::unique_ptr<runtime::BufferRing> buffers_;
  http::ConnectionSettings connection_settings_;
  http::ConnectionServices connection_services_;
};

}  // namespace latchkey::cost
