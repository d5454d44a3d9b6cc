#include "backend.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "admin_client.h"
#include "latchkey/store/data_directory.h"
#include "offline.h"

namespace latchkey::command {

namespace {

/// Another command is done within milliseconds; a server that starts has its socket soon.
constexpr int kTries = 100;
constexpr std::chrono::milliseconds kBetweenTries{50};

class Online final : public Backend {
 public:
  explicit Online(std::filesystem::path socket) : socket_(std::move(socket)) {}
  Result<api::AdminReply> act(api::AdminRequest request) override { return ask_server(socket_, request); }

 private:
  std::filesystem::path socket_;
};

/// Files that root made in the directory of the server's user would keep the server from starting.
Result<void> check_owner(const std::filesystem::path& data) {
  struct stat status {};
  if (::geteuid() != 0 || ::stat(data.c_str(), &status) != 0 || status.st_uid == 0) return {};
  return failure(
      ErrorCode::kInvalid,
      fmt::format("no server runs on {}, which belongs to the user with the id {}: run the command as that "
                  "user, as in 'sudo -u \\#{} latchkey ...'",
                  data.string(), status.st_uid, status.st_uid));
}

Result<void> check_exists(const BackendOptions& options) {
  std::error_code error;
  if (options.may_create || std::filesystem::exists(options.data, error)) return {};
  return failure(ErrorCode::kNotFound,
                 fmt::format("there is no data directory {}: name it with --data, or make it by "
                             "adding a user",
                             options.data.string()));
}

}  // namespace

Result<std::unique_ptr<Backend>> open_backend(const BackendOptions& options) {
  if (Result<void> exists = check_exists(options); !exists) return tl::unexpected(std::move(exists.error()));
  for (int left = kTries;; --left) {
    const Result<void> served = probe_server(options.socket);
    if (served) return std::make_unique<Online>(options.socket);
    if (served.error().code != ErrorCode::kNotFound) return tl::unexpected(served.error());
    if (Result<void> owned = check_owner(options.data); !owned)
      return tl::unexpected(std::move(owned.error()));
    Result<store::DataDirectory> directory = store::DataDirectory::open(options.data, "latchkey");
    if (directory) return open_offline(std::move(*directory));
    if (directory.error().code != ErrorCode::kConflict || left == 0) {
      return tl::unexpected(std::move(directory.error()));
    }
    std::this_thread::sleep_for(kBetweenTries);
  }
}

}  // namespace latchkey::command
