// AdminHandler: serves the administrator's commands over the admin socket, as HTTP/1.1 with JSON
// (`api/admin.h` lists them). The socket's mode decides who may connect.
// Thread: core 0's.
#pragma once

#include <memory>

#include "latchkey/api/admin.h"
#include "latchkey/http/handler.h"
#include "latchkey/runtime/loop.h"
#include "server/admin_counts.h"

namespace latchkey::server {

class AdminHandler final : public http::Handler {
 public:
  /// Lifetime: the arguments must outlive the handler.
  AdminHandler(runtime::Loop& loop, const api::AdminServices& services, AdminCounts& counts)
      : loop_(loop), log_(services.log), counts_(counts), admin_(services) {}

  std::unique_ptr<http::ConnectionMemo> opened(const net::IpAddress& peer) override;
  bool answer_now(http::Exchange& /*exchange*/) override { return false; }
  runtime::Task<void> answer(http::Exchange& exchange) override;

 private:
  runtime::Loop& loop_;
  Log& log_;
  AdminCounts& counts_;
  api::Admin admin_;
};

}  // namespace latchkey::server
