#include "server/confinement.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "latchkey/base/sanitized.h"
#include "server/kept_sockets.h"
#include "server/landlock.h"
#include "server/syscall_filter.h"

namespace latchkey::server {

namespace {

constexpr std::uint64_t kLowPorts = std::uint64_t{1} << CAP_NET_BIND_SERVICE;

tl::unexpected<Error> refused(const char* what) {
  return failure(ErrorCode::kUnavailable,
                 fmt::format("the kernel refused to {}: {}; `sandbox = false` starts without it", what,
                             std::strerror(errno)));
}

bool set_capabilities(std::uint64_t kept) noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  // A service manager that has granted no capabilities may have forbidden the call as well.
  if (::syscall(SYS_capget, &header, sets.data()) == 0 && sets[0].permitted == 0 && sets[1].permitted == 0) {
    return kept == 0;
  }
  sets = {};
  for (std::size_t i = 0; i < sets.size(); ++i) {
    sets[i].effective = sets[i].permitted = static_cast<std::uint32_t>(kept >> (32 * i));
  }
  return ::syscall(SYS_capset, &header, sets.data()) == 0;
}

/// Drops what no program that this process might execute may have either. Dropping needs CAP_SETPCAP; a
/// process without capabilities has nothing to drop.
void drop_bounding_set() noexcept {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
}

void forbid_core_dumps() noexcept {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

std::filesystem::path directory_above(std::filesystem::path path) {
  if (!path.has_filename()) path = path.parent_path();
  return path.has_parent_path() ? path.parent_path() : ".";
}

tl::unexpected<Error> roots_own(const std::filesystem::path& data) {
  return failure(
      ErrorCode::kInvalid,
      fmt::format(
          "{} is root's, and latchkeyd does not run as root: give it to a user of its own, whom latchkeyd "
          "then becomes, as in 'useradd --system latchkey; install -d -m 700 {}; chown -R latchkey: {}'; "
          "--allow-root runs it as root all the same",
          data.string(), data.string(), data.string()));
}

}  // namespace

Result<void> own_descriptors(bool alone) {
  int opened = 0;
  while ((opened = ::open("/dev/null", O_RDWR)) >= 0 && opened <= STDERR_FILENO) {
  }
  if (opened < 0) {
    return failure(ErrorCode::kUnavailable, fmt::format("cannot open /dev/null: {}", std::strerror(errno)));
  }
  ::close(opened);
  // A sanitizer may have descriptors of its own.
  if (alone && !kSanitized) ::syscall(SYS_close_range, kFirstPassed + passed_descriptors(), ~0U, 0);
  return {};
}

Result<void> leave_root(const std::filesystem::path& data, ConfinementGaps& gaps, const RootRules& rules) {
  if (::geteuid() != 0) return {};
  struct stat owner {};
  if (::stat(data.c_str(), &owner) != 0 &&
      (!rules.may_create || ::stat(directory_above(data).c_str(), &owner) != 0)) {
    return {};
  }
  if (owner.st_uid == 0) {
    if (!rules.may_stay) return roots_own(data);
    gaps.push_back(fmt::format("it runs as root, as allow_root lets it: {} is root's", data.string()));
    return {};
  }
  drop_bounding_set();
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return refused("keep the right to bind low ports");
  if (::setgroups(0, nullptr) != 0 || ::setresgid(owner.st_gid, owner.st_gid, owner.st_gid) != 0 ||
      ::setresuid(owner.st_uid, owner.st_uid, owner.st_uid) != 0) {
    return refused("become the owner of the data directory");
  }
  const std::uint64_t kept = kLowPorts | (rules.gives_group ? std::uint64_t{1} << CAP_CHOWN : 0);
  if (!set_capabilities(kept)) return refused("give up root's capabilities");
  return {};
}

void give_up_chown() noexcept {
  // Root that stays root loses what it has in `confine`.
  if (::geteuid() != 0) set_capabilities(kLowPorts);
}

Result<void> confine(const std::filesystem::path& data,
                     const std::vector<std::filesystem::path>& log_directories, ConfinementGaps& gaps) {
  drop_bounding_set();
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (!set_capabilities(0)) return refused("give up all capabilities");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("forbid new privileges");
  if (kSanitized) return {};
  forbid_core_dumps();
  return limit_to_directories(data, log_directories, gaps);
}

Result<void> close_ways_out() { return kSanitized ? Result<void>() : filter_system_calls(); }

}  // namespace latchkey::server
