// StatusHandler: answers the questions of load balancers and monitoring at `admin_listen`, as HTTP: whether
// the process lives, whether it may be sent requests, and its metrics. It knows no secret and changes
// nothing. Thread: the main thread's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "latchkey/http/handler.h"
#include "latchkey/runtime/loop.h"
#include "latchkey/store/store_thread.h"
#include "server/metrics.h"
#include "server/pulse.h"

namespace latchkey::server {

/// How far the server is in its life.
enum class Stage : std::uint8_t {
  kLoading,  ///< it takes in the recorded sessions, and accepts nothing yet
  kServing,
  kDraining,  ///< it was told to stop
};

class StatusHandler final : public http::Handler {
 public:
  /// Lifetime: all arguments outlive the handler.
  StatusHandler(runtime::Loop& loop, Pulse& pulse, const store::StoreMetrics& store,
                MetricsSources& metrics) noexcept
      : loop_(loop), pulse_(pulse), store_(store), metrics_(metrics) {}

  void set_stage(Stage stage) noexcept { stage_ = stage; }

  std::unique_ptr<http::ConnectionMemo> opened(const http::ConnectionOrigin& /*origin*/) override {
    return nullptr;
  }
  bool answer_now(http::Exchange& exchange) override;
  runtime::Task<void> answer(http::Exchange& exchange) override;
  std::string_view allow(const http::RequestHead& head) noexcept override;

 private:
  void answer_health(http::Exchange& exchange) const;
  void answer_readiness(http::Exchange& exchange) const;
  void answer_metrics(http::Exchange& exchange) const;
  bool is_ready() const noexcept;
  void refuse(http::Exchange& exchange, int status, std::string_view detail) const;
  std::string_view status_of_all() const noexcept;
  std::string readiness_json(std::string_view status) const;
  std::string readiness_text(std::string_view status) const;
  std::string age_of(BootTime when) const;

  runtime::Loop& loop_;
  Pulse& pulse_;
  const store::StoreMetrics& store_;
  MetricsSources& metrics_;
  Stage stage_ = Stage::kLoading;
};

}  // namespace latchkey::server
