// FileInbox: takes the file that the peer of a Unix socket passes along with its bytes (SCM_RIGHTS). A stream
// with an inbox receives by recvmsg, and puts the file here. Thread: its stream's.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <utility>

namespace latchkey::net {

/// An open file that somebody else has opened, or none. It is closed on destruction.
class PassedFile {
 public:
  PassedFile() noexcept = default;
  explicit PassedFile(int fd) noexcept : fd_(fd) {}
  PassedFile(PassedFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  PassedFile& operator=(PassedFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~PassedFile() {
    if (fd_ >= 0) ::close(fd_);
  }

  bool is_there() const noexcept { return fd_ >= 0; }
  int fd() const noexcept { return fd_; }

 private:
  int fd_ = -1;
};

class FileInbox {
 public:
  FileInbox() = default;
  FileInbox(const FileInbox&) = delete;
  FileInbox& operator=(const FileInbox&) = delete;

  /// What a receive is to be given.
  /// Lifetime: the kernel writes to it, and to this object, until the receive has completed.
  msghdr* begin_receive() noexcept;
  /// Takes what the receive brought. Of several files the last is kept.
  void end_receive() noexcept;

  PassedFile take() noexcept { return std::exchange(file_, PassedFile()); }

 private:
  /// The kernel closes what does not fit.
  static constexpr std::size_t kMostAtOnce = 4;

  msghdr message_{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostAtOnce * sizeof(int))> control_{};
  PassedFile file_;
};

}  // namespace latchkey::net
