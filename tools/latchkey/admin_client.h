// A server's admin socket from the other side: one HTTP/1.1 request a connection, blocking, with a bound on
// the time and on the answer's size.
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "latchkey/api/admin.h"
#include "latchkey/base/result.h"

namespace latchkey::command {

/// How long a server may take for one step of an answer. Ending a user's tokens waits for the disk.
inline constexpr int kAnswerTimeoutSeconds = 60;
inline constexpr std::size_t kMaxAnswerBytes = std::size_t{64} << 20;

/// Where a server listens, and who it must be: a process of that user, or of root, before anything is sent to
/// it. A request may hold a password.
struct AdminSocket {
  std::filesystem::path path;
  uid_t owner;
};

/// Whether a server answers on the socket. Errors: kNotFound, nobody does; kInvalid, somebody else does;
/// kUnavailable, it cannot be reached.
Result<void> probe_server(const AdminSocket& socket);

/// Asks the server. Errors as of probe_server, and kUnavailable where no whole answer came: then nobody knows
/// whether it was done.
Result<api::AdminReply> ask_server(const AdminSocket& socket, const api::AdminRequest& request);

}  // namespace latchkey::command
