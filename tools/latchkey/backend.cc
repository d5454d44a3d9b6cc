#include "backend.h"

#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "admin_client.h"
#include "latchkey/store/data_directory.h"
#include "offline.h"

namespace latchkey::command {

namespace {

/// Another command takes milliseconds, and a starting server opens its socket soon.
constexpr int kTries = 100;
constexpr std::chrono::milliseconds kBetweenTries{50};

class Online final : public Backend {
 public:
  explicit Online(AdminSocket socket) : socket_(std::move(socket)), conversation_(socket_) {}
  Result<api::AdminReply> act(api::AdminRequest request) override { return conversation_.ask(request); }
  void pause() override { conversation_.close(); }
  std::string place() const override {
    return fmt::format("through the server at {}", whole_path(socket_.path));
  }

 private:
  AdminSocket socket_;
  Conversation conversation_;
};

/// Of root's rights keeps only that to search directories which the user may not search, such as systemd's
/// `private` below /var/lib.
bool keep_search_alone() noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  sets[0].effective = sets[0].permitted = 1U << CAP_DAC_READ_SEARCH;
  return ::syscall(SYS_capset, &header, sets.data()) == 0;
}

Result<store::DataDirectory> lock(const BackendOptions& options) {
  LATCHKEY_TRY(become_owner(options.data));
  return store::DataDirectory::open(
      options.data, "latchkey",
      {.create = options.may_create, .key_file = options.key_file, .for_restore = options.for_restore});
}

}  // namespace

AdminSocket admin_socket_of(const BackendOptions& options) {
  struct stat status {};
  const bool is_there = ::stat(options.data.c_str(), &status) == 0;
  return {options.socket, is_there ? status.st_uid : ::geteuid()};
}

// Files that root created there would keep the server from starting, and what that user put there must not be
// followed with root's rights.
Result<void> become_owner(const std::filesystem::path& data) {
  struct stat status {};
  if (::geteuid() != 0 || ::stat(data.c_str(), &status) != 0 || status.st_uid == 0) return {};
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 && ::setgroups(0, nullptr) == 0 &&
      ::setresgid(status.st_gid, status.st_gid, status.st_gid) == 0 &&
      ::setresuid(status.st_uid, status.st_uid, status.st_uid) == 0 && keep_search_alone()) {
    return {};
  }
  return failure(
      ErrorCode::kUnavailable,
      fmt::format("{} belongs to the user with the id {}, whom this cannot become: {}; run the command as "
                  "that user",
                  data.string(), status.st_uid, std::system_category().message(errno)));
}

std::string whole_path(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(path, error);
  return error ? path.string() : whole.lexically_normal().string();
}

Result<std::unique_ptr<Backend>> open_backend(const BackendOptions& options) {
  const AdminSocket socket = admin_socket_of(options);
  for (int left = kTries;; --left) {
    const Result<void> served = probe_server(socket);
    if (served) return std::make_unique<Online>(socket);
    if (served.error().code != ErrorCode::kNotFound) return tl::unexpected(served.error());
    Result<store::DataDirectory> directory = lock(options);
    if (directory) return open_offline(std::move(*directory));
    if (directory.error().code != ErrorCode::kConflict || left == 0) {
      return tl::unexpected(std::move(directory.error()));
    }
    std::this_thread::sleep_for(kBetweenTries);
  }
}

Result<store::DataDirectory> open_without_server(const BackendOptions& options) {
  const AdminSocket socket = admin_socket_of(options);
  for (int left = kTries;; --left) {
    if (const Result<void> served = probe_server(socket); served) {
      return failure(
          ErrorCode::kConflict,
          fmt::format("a server works on {} (it answers at {}): stop it first, and start it again after "
                      "this",
                      options.data.string(), options.socket.string()));
    } else if (served.error().code != ErrorCode::kNotFound) {
      return tl::unexpected(served.error());
    }
    Result<store::DataDirectory> directory = lock(options);
    if (directory || directory.error().code != ErrorCode::kConflict || left == 0) return directory;
    std::this_thread::sleep_for(kBetweenTries);
  }
}

}  // namespace latchkey::command
