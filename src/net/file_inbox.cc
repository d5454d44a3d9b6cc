#include "latchkey/net/file_inbox.h"

#include <cstring>

namespace latchkey::net {

msghdr* FileInbox::begin_receive() noexcept {
  message_ = {};
  message_.msg_control = control_.data();
  message_.msg_controllen = control_.size();
  return &message_;
}

void FileInbox::end_receive() noexcept {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message_); part != nullptr; part = CMSG_NXTHDR(&message_, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      file_ = PassedFile(fd);
    }
  }
  message_ = {};
}

}  // namespace latchkey::net
