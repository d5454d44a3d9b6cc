// Listening sockets, bound on the main thread before any ring exists, and the acceptor that takes connections
// from one of them on a core's ring.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "latchkey/base/result.h"
#include "latchkey/net/address.h"
#include "latchkey/runtime/loop.h"

namespace latchkey::net {

/// A bound and listening socket; closes it when it goes.
class Listener {
 public:
  /// TCP on `where` with SO_REUSEPORT, so that every core has its own queue of connections. Port 0 picks a
  /// free one. Errors say which address and what to do: in use, no permission, not an address of this
  /// machine.
  static Result<Listener> bind_tcp(const Endpoint& where);

  /// Refuses an address on which somebody listens already. SO_REUSEPORT hides him if he has it too and the
  /// same user, and would share his connections between the two. To be asked before the first `bind_tcp`;
  /// port 0 is always free.
  static Result<void> check_free(const Endpoint& where);

  /// A UNIX stream socket at `path`, mode 0600; takes the place of a dead one that was left there. Refused
  /// where somebody still listens, or where the path is something else than a socket.
  static Result<Listener> bind_unix(const std::string& path);

  /// Whether somebody listens on the socket at `path`; not where there is none. A process that was killed may
  /// answer for a moment longer, and is waited for up to two seconds. Error kConflict where the path is
  /// something else than a socket.
  static Result<bool> is_answered(const std::string& path);

  Listener(Listener&& other) noexcept : fd_(std::exchange(other.fd_, -1)), endpoint_(other.endpoint_) {}
  Listener& operator=(Listener&& other) noexcept;
  ~Listener();

  int fd() const noexcept { return fd_; }
  /// Where a TCP listener listens, with the port that it got.
  const Endpoint& endpoint() const noexcept { return endpoint_; }

 private:
  explicit Listener(int fd) noexcept : fd_(fd) {}

  int fd_ = -1;
  Endpoint endpoint_;
};

/// The remote end of a connected TCP socket; `::` for a UNIX socket or one that is gone already.
Endpoint peer_of(int fd) noexcept;

/// The user who connected to a socket with a path, or, on the connecting side, who listens there
/// (SO_PEERCRED). None where the kernel does not say.
struct PeerProcess {
  uid_t user;
  pid_t process;
};
std::optional<PeerProcess> peer_process_of(int fd) noexcept;

/// Takes connections with a multishot accept. Owned by a core, one thread.
class Acceptor final : private runtime::Operation, private runtime::Watched {
 public:
  class Handler {
   public:
    /// A new connection's descriptor, now the handler's.
    virtual void accepted(int fd) = 0;
    /// The kernel refused an accept (-errno): out of descriptors or memory. The acceptor tries again by
    /// itself, after kRetryMs.
    virtual void accept_failed(int error) = 0;

   protected:
    ~Handler() = default;
  };

  /// How long it leaves the kernel alone after a refusal.
  static constexpr std::int64_t kRetryMs = 100;

  /// All outlive the acceptor.
  Acceptor(runtime::Loop& loop, const Listener& listener, Handler& handler)
      : loop_(loop), listener_(listener), handler_(handler) {}
  /// `stopped`, or never started.
  ~Acceptor();

  void start();
  /// Takes no more; the kernel's answer comes in a later pass, `stopped` says when.
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
