// Listening sockets, which the main thread binds before any ring exists, and the acceptor that takes
// connections from one of them on a core's ring.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "latchkey/base/result.h"
#include "latchkey/net/address.h"
#include "latchkey/runtime/loop.h"

namespace latchkey::net {

/// Who may connect to a UNIX socket: whoever the mode of its file lets write.
struct UnixAccess {
  mode_t mode = 0600;
  std::optional<gid_t> group;  ///< of the file; if empty, the process's
};

/// A bound, listening socket. It is closed on destruction.
class Listener {
 public:
  /// Listens on `where` over TCP with SO_REUSEPORT, so that every core has its own queue of connections. Port
  /// 0 picks a free one.
  /// Errors: the text says which address failed and what to do: it is in use, needs a permission, or does not
  /// belong to this machine.
  static Result<Listener> bind_tcp(const Endpoint& where);

  /// Refuses an address on which somebody already listens. SO_REUSEPORT would hide another listener of the
  /// same user that sets it too, and the two would share its connections. Port 0 is always free.
  /// Requires: no `bind_tcp` of this address yet.
  static Result<void> check_free(const Endpoint& where);

  /// Listens on a UNIX stream socket at `path`. It replaces a dead socket that was left there. Nobody but the
  /// process's user can connect before `access` holds.
  /// Errors: kConflict if somebody still listens, or if the path is not a socket. Otherwise the text says
  /// what the kernel refused, and what to do.
  static Result<Listener> bind_unix(const std::string& path, const UnixAccess& access = {});

  /// Takes a socket that another process has bound and that listens, and makes it as the others are.
  /// Errors: kInvalid if it is no such socket; it is closed then.
  static Result<Listener> adopt(int fd);

  /// Lets those have access to a UNIX socket's file that may have it now.
  /// Errors: those of `bind_unix`.
  Result<void> set_unix_access(const UnixAccess& access) const;

  /// Another descriptor of the same socket, so that each core can accept its connections on a ring of its
  /// own: for a UNIX socket, which has no SO_REUSEPORT, and for a TCP socket that another process has bound.
  /// From then on those who share it take turns. Errors: the kernel's.
  Result<Listener> duplicate();

  /// Whether somebody listens on the socket at `path`; false if there is none. A process that was killed may
  /// answer for a moment longer, so this waits for it for up to two seconds.
  /// Errors: kConflict if the path is not a socket.
  static Result<bool> is_answered(const std::string& path);

  Listener(Listener&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        endpoint_(other.endpoint_),
        is_unix_(other.is_unix_),
        is_shared_(other.is_shared_) {}
  Listener& operator=(Listener&& other) noexcept;
  ~Listener();

  int fd() const noexcept { return fd_; }
  bool is_unix() const noexcept { return is_unix_; }
  /// Whether several cores accept from it.
  bool is_shared() const noexcept { return is_shared_; }
  /// Where a UNIX listener listens.
  std::string path() const;
  /// Where a TCP listener listens, including the port it was given.
  const Endpoint& endpoint() const noexcept { return endpoint_; }

 private:
  explicit Listener(int fd) noexcept : fd_(fd) {}

  int fd_ = -1;
  Endpoint endpoint_;
  bool is_unix_ = false;
  bool is_shared_ = false;
};

/// The remote end of a connected TCP socket; `::` for a UNIX socket or a socket whose peer has already gone.
Endpoint peer_of(int fd) noexcept;

/// Who is at the other end of a socket with a path (SO_PEERCRED): the user that connected or, on the
/// connecting side, the user that listens. Nothing if the kernel does not say.
struct PeerProcess {
  uid_t user;
  gid_t group;
  pid_t process;
};
std::optional<PeerProcess> peer_process_of(int fd) noexcept;

/// Whether `group` was among the peer's groups when it connected (SO_PEERGROUPS). False if it was in more
/// than kMaxPeerGroups.
inline constexpr std::size_t kMaxPeerGroups = 1024;
bool peer_is_of_group(int fd, gid_t group) noexcept;

/// Takes connections: from a socket of its own with a multishot accept, from a shared one (every UNIX socket)
/// with one accept after the other. The kernel wakes the accept that has waited longest. One that stays would
/// always be the first, so one core would get nearly all connections.
/// Thread: the core's that owns it.
class Acceptor final : private runtime::Operation, private runtime::Watched {
 public:
  class Handler {
   public:
    /// Hands over a new connection's descriptor, which the handler now owns.
    virtual void accepted(int fd) = 0;
    /// The kernel refused an accept (-errno) for lack of descriptors or memory. The acceptor tries again by
    /// itself after kRetryMs.
    virtual void accept_failed(int error) = 0;

   protected:
    ~Handler() = default;
  };

  /// How long it waits after a refusal before it asks the kernel again.
  static constexpr std::int64_t kRetryMs = 100;

  /// Lifetime: all must outlive the acceptor.
  Acceptor(runtime::Loop& loop, const Listener& listener, Handler& handler)
      : loop_(loop), listener_(listener), handler_(handler) {}
  /// Requires: `stopped`, or never started.
  ~Acceptor();

  void start();
  /// Stops taking connections. The kernel's answer comes in a later pass; `stopped` says when.
  void stop() noexcept;
  bool stopped() const noexcept { return !armed_; }

 private:
  void arm() noexcept;
  void complete(std::int32_t result, std::uint32_t flags) noexcept override;
  std::int64_t look(BootTime now) noexcept override;

  runtime::Loop& loop_;
  const Listener& listener_;
  Handler& handler_;
  bool armed_ = false;
  bool stopping_ = false;
  bool paused_ = false;
};

}  // namespace latchkey::net
