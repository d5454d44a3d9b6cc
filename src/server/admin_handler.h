// AdminHandler: serves the administrator's commands over the admin socket, as HTTP/1.1 with JSON
// (`api/admin.h` lists them). The socket's mode decides who may connect. One command more is the server's
// own:
//
//   POST   /reload                goes by the settings file that came with the request's bytes (SCM_RIGHTS);
//                                 the body is its name in what is said about it
//
// Thread: core 0's.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "latchkey/api/admin.h"
#include "latchkey/http/handler.h"
#include "latchkey/net/file_inbox.h"
#include "latchkey/runtime/loop.h"
#include "latchkey/runtime/mailbox.h"
#include "server/admin_counts.h"

namespace latchkey::server {

class Reloader;

/// How a connection's request reaches the main thread's Reloader.
struct ReloadWay {
  runtime::Port& port;  ///< the core's
  runtime::PortId control;
  Reloader* reloader;
  net::FileInbox& files;  ///< the connection's
};

class AdminHandler final : public http::Handler {
 public:
  /// Lifetime: the arguments must outlive the handler.
  AdminHandler(runtime::Loop& loop, const api::AdminServices& services, AdminCounts& counts,
               const ReloadWay& way)
      : loop_(loop), log_(services.log), counts_(counts), admin_(services), way_(way) {}

  std::unique_ptr<http::ConnectionMemo> opened(const http::ConnectionOrigin& origin) override;
  bool answer_now(http::Exchange& /*exchange*/) override { return false; }
  runtime::Task<void> answer(http::Exchange& exchange) override;

 private:
  runtime::Task<api::AdminReply> reload(std::string path, LogRoom room);
  void log_refusal(const api::AdminReply& reply, std::string_view name, std::string by);

  runtime::Loop& loop_;
  Log& log_;
  AdminCounts& counts_;
  api::Admin admin_;
  const ReloadWay way_;
};

}  // namespace latchkey::server
