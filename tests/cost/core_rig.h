// CostRig: the API of one core behind a real connection, whose stream the program feeds: what a request costs
// from its bytes to those of its answer, without the kernel. Under valgrind it has the instructions of each
// stretch between two waits logged, as no other connection has its turn within one. One thread.
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

/// What came of a request.
struct Outcome {
  int status = 0;  ///< of the last answer; 0 where none came
  std::size_t answer_bytes = 0;
  bool goes_on = false;  ///< it waits for somebody else: a hash worker
};

class CostRig {
 public:
  explicit CostRig(const api::ApiSettings& settings);
  ~CostRig();
  CostRig(const CostRig&) = delete;
  CostRig& operator=(const CostRig&) = delete;

  const api::Api& api() const noexcept { return *parts_.api; }

  /// Feeds a fresh connection with `bytes` until it waits for more. Where `name` is not empty each stretch is
  /// marked by it in valgrind's log, at its begin and at its end.
  Outcome exchange(std::string_view bytes, const std::string& name = {});

 private:
  test::SilentDoorbell doorbell_;
  bench::CoreParts parts_;
  std::unique_ptr<runtime::BufferRing> buffers_;
  http::ConnectionSettings connection_settings_;
  http::ConnectionServices connection_services_;
};

}  // namespace latchkey::cost
