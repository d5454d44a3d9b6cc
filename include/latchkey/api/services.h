// What the resources of one core work with. The server's wiring of that core makes and owns it all.
// Thread: that core's.
#pragma once

#include "latchkey/api/api_metrics.h"
#include "latchkey/api/password_check.h"
#include "latchkey/api/sessions.h"
#include "latchkey/api/settings.h"
#include "latchkey/base/log.h"
#include "latchkey/base/notices.h"
#include "latchkey/credential/directory.h"
#include "latchkey/credential/hash_client.h"
#include "latchkey/http/forwarding_watch.h"
#include "latchkey/runtime/loop.h"
#include "latchkey/runtime/turns.h"
#include "latchkey/store/store.h"

namespace latchkey::api {

struct Services {
  runtime::Loop& loop;
  Log& log;
  const ApiSettings& settings;
  Sessions& sessions;
  PasswordCheck& passwords;
  credential::Directory& directory;
  credential::HashClient& hasher;
  store::Store& store;
  runtime::Turns& turns;
  ApiMetrics& metrics;                          ///< the core's, whatever settings it serves by
  http::ForwardingWatch* forwarding = nullptr;  ///< the server's, if it has one
  Notices* unknown_hosts = nullptr;             ///< the server's: hosts that no site has

  BootTime now() const noexcept { return loop.now(); }
};

}  // namespace latchkey::api
