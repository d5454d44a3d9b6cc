// The client's side of a server's admin socket: HTTP/1.1, blocking, with bounds on the time and on an
// answer's size.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <utility>

#include "latchkey/api/admin.h"
#include "latchkey/base/result.h"

namespace latchkey::command {

/// How long a server may take for one step of an answer. Ending a user's tokens waits for the disk.
inline constexpr int kAnswerTimeoutSeconds = 60;
inline constexpr std::size_t kMaxAnswerBytes = std::size_t{64} << 20;

/// Where a server listens, and the user that it must run as. Nothing is sent unless the listening process
/// belongs to that user or to root, because a request may hold a password.
struct AdminSocket {
  std::filesystem::path path;
  uid_t owner;
};

/// Checks that a server answers on the socket.
/// Errors: kNotFound if nothing listens; kInvalid if another user's process does; else kUnavailable.
Result<void> probe_server(const AdminSocket& socket);

/// Requests over one connection, which is made for the first.
class Conversation {
 public:
  explicit Conversation(AdminSocket socket) : socket_(std::move(socket)) {}
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;
  ~Conversation();

  /// Sends a request to the server and returns its reply.
  /// Errors: those of probe_server; kUnavailable if no whole answer came, in which case the request may or
  /// may not have been carried out.
  /// An open `file`, if it is given, is passed along (SCM_RIGHTS).
  Result<api::AdminReply> ask(const api::AdminRequest& request, int file = -1);

  /// The next request makes another connection.
  void close();

 private:
  AdminSocket socket_;
  int file_ = -1;
};

/// One request over a connection of its own.
/// Errors: as Conversation::ask.
Result<api::AdminReply> ask_server(const AdminSocket& socket, const api::AdminRequest& request,
                                   int file = -1);

}  // namespace latchkey::command
