// The load tester's sockets, and the wait for one to connect.
// Thread: each belongs to one.
#pragma once

#include <coroutine>
#include <cstdint>
#include <optional>

#include "latchkey/base/result.h"
#include "latchkey/net/address.h"
#include "latchkey/runtime/loop.h"
#include "load/target.h"

namespace latchkey::load {

/// Opens a socket for a connection to `target`. If it is one of TCP, no send is held back (TCP_NODELAY), and
/// it is bound to `source` if there is one. Its port is chosen when it connects, so ports run short only per
/// pair of addresses. Returns a descriptor or -errno.
int open_socket(const Target& target, const std::optional<net::IpAddress>& source) noexcept;

/// Lets this process open `files` files if the system permits it, and returns how many it may open now.
std::uint64_t raise_open_files(std::uint64_t files) noexcept;

/// `co_await connect` gives 0 when `fd` is connected, or an errno: ETIMEDOUT at `deadline`, ECANCELED after
/// `abort`.
/// Lifetime: it must be a named object that outlives the wait.
class Connect final : private runtime::Operation, private runtime::Watched {
 public:
  Connect(runtime::Loop& loop, int fd, const Target& target, BootTime deadline) noexcept
      : loop_(loop), fd_(fd), address_bytes_(target.to_sockaddr(address_)), deadline_(deadline) {}

  void abort() noexcept { loop_.ring().cancel(*this); }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter);
  int await_resume() const noexcept { return error_; }

 private:
  void complete(std::int32_t result, std::uint32_t flags) noexcept override;
  std::int64_t look(BootTime now) noexcept override;

  runtime::Loop& loop_;
  const int fd_;
  sockaddr_storage address_{};
  const socklen_t address_bytes_;
  const BootTime deadline_;
  std::coroutine_handle<> waiter_;
  bool timed_out_ = false;
  int error_ = 0;
};

}  // namespace latchkey::load
