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
  std::string place() const override {
    return fmt::format("through the server at {}", whole_path(socket_));
  }

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

}  // namespace

std::string whole_path(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(path, error);
  return error ? path.string() : whole.lexically_normal().string();
}

Result<std::unique_ptr<Backend>> open_backend(const BackendOptions& options) {
  for (int left = kTries;; --left) {
    const Result<void> served = probe_server(options.socket);
    if (served) return std::make_unique<Online>(options.socket);
    if (served.error().code != ErrorCode::kNotFound) return tl::unexpected(served.error());
    if (Result<void> owned = check_owner(options.data); !owned)
      return tl::unexpected(std::move(owned.error()));
    Result<store::DataDirectory> directory =
        store::DataDirectory::open(options.data, "latchkey", {.create = options.may_create});
    if (directory) return open_offline(std::move(*directory));
    if (directory.error().code != ErrorCode::kConflict || left == 0) {
      return tl::unexpected(std::move(directory.error()));
    }
    std::this_thread::sleep_for(kBetweenTries);
  }
}

}  // namespace latchkey::command
