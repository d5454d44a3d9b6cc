#include "server/landlock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

// What Debian 12's headers lack.
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)  // since ABI 3, Linux 6.2
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP (1ULL << 0)  // since ABI 4, Linux 6.7
#define LANDLOCK_ACCESS_NET_CONNECT_TCP (1ULL << 1)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)  // since ABI 5, Linux 6.10
#endif

#ifndef LANDLOCK_SCOPE_SIGNAL
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)  // since ABI 6, Linux 6.12
#define LANDLOCK_SCOPE_SIGNAL (1ULL << 1)
#endif

namespace latchkey::server {

namespace {

constexpr long kAbiOfRefer = 2;
constexpr long kAbiOfTruncate = 3;
constexpr long kAbiOfTcp = 4;
constexpr long kAbiOfDevices = 5;
constexpr long kAbiOfScopes = 6;

/// The kernel's own structure grows; the size passed with it says how much of it is in use.
struct Ruleset {
  std::uint64_t files = 0;
  std::uint64_t network = 0;
  std::uint64_t scoped = 0;
};

/// All rights on files that this ABI knows.
std::uint64_t file_rights(long abi) noexcept {
  std::uint64_t rights =
      LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1;  // the highest of the first ABI, and all below it
  if (abi >= kAbiOfRefer) rights |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= kAbiOfTruncate) rights |= LANDLOCK_ACCESS_FS_TRUNCATE;
  if (abi >= kAbiOfDevices) rights |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
  return rights;
}

/// What a database and its log need.
std::uint64_t rights_in_directory(long abi) noexcept {
  const std::uint64_t needed = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                               LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                               LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE;
  return needed & file_rights(abi);
}

/// What opening a log file anew needs. None can be read, and none removed.
constexpr std::uint64_t kRightsOfLogs = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG;

tl::unexpected<Error> refused(const std::filesystem::path& directory) {
  return failure(
      ErrorCode::kUnavailable,
      fmt::format("Landlock cannot limit this process to {}: {}; `sandbox = false` starts without it",
                  directory.string(), std::strerror(errno)));
}

class Descriptor {
 public:
  explicit Descriptor(long fd) noexcept : fd_(static_cast<int>(fd)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return fd_; }

 private:
  const int fd_;
};

bool allow(int rules, const std::filesystem::path& directory, std::uint64_t rights) noexcept {
  const Descriptor path(::open(directory.c_str(), O_PATH | O_CLOEXEC));
  if (path.get() < 0) return false;
  landlock_path_beneath_attr below{};
  below.allowed_access = rights;
  below.parent_fd = path.get();
  return ::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0) == 0;
}

}  // namespace

Result<void> limit_to_directories(const std::filesystem::path& data,
                                  const std::vector<std::filesystem::path>& log_directories,
                                  ConfinementGaps& gaps) {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1) {
    gaps.emplace_back(
        "this kernel has no Landlock: files outside the data directory can be reached; start it with "
        "landlock in its list of security modules (lsm=)");
    return {};
  }
  Ruleset ruleset{.files = file_rights(abi)};
  // The filter of system calls refuses all of the following too; Landlock backs it up on kernels that can.
  std::size_t bytes = sizeof ruleset.files;
  if (abi >= kAbiOfTcp) {
    ruleset.network = LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP;
    bytes += sizeof ruleset.network;
  }
  if (abi >= kAbiOfScopes) {
    ruleset.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL;
    bytes += sizeof ruleset.scoped;
  }
  const Descriptor rules(::syscall(SYS_landlock_create_ruleset, &ruleset, bytes, 0));
  if (rules.get() < 0) return refused(data);
  if (!allow(rules.get(), data, rights_in_directory(abi))) return refused(data);
  for (const std::filesystem::path& directory : log_directories) {
    if (!allow(rules.get(), directory, kRightsOfLogs)) return refused(directory);
  }
  if (::syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0) return refused(data);
  return {};
}

}  // namespace latchkey::server
