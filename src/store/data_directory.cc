#include "latchkey/store/data_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace latchkey::store {

namespace {

/// Longest text in the lock file: a program's name and a process id.
constexpr std::size_t kMaxHolderBytes = 64;

tl::unexpected<Error> system_failure(std::string_view what, const std::filesystem::path& path) {
  return failure(ErrorCode::kUnavailable, fmt::format("data directory: cannot {} {}: {}", what, path.string(),
                                                      std::system_category().message(errno)));
}

/// An open descriptor until released.
class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const noexcept { return number_; }
  int release() noexcept { return std::exchange(number_, -1); }

 private:
  int number_;
};

Result<void> create(const std::filesystem::path& path) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return system_failure("create", path);
}

std::string read_holder(int lock) {
  std::array<char, kMaxHolderBytes> text{};
  const ssize_t size = ::pread(lock, text.data(), text.size(), 0);
  if (size <= 0) return "another process";
  std::string_view line(text.data(), static_cast<std::size_t>(size));
  line = line.substr(0, line.find('\n'));
  return line.empty() ? "another process" : std::string(line);
}

/// The text serves a sentence for people alone: a disk that refuses it is no reason not to start.
void write_holder(int lock, std::string_view holder) {
  const std::string line = fmt::format("{} (pid {})\n", holder.substr(0, kMaxHolderBytes / 2), ::getpid());
  if (::ftruncate(lock, 0) == 0) static_cast<void>(::pwrite(lock, line.data(), line.size(), 0) == 0);
}

}  // namespace

DataDirectory::DataDirectory(std::filesystem::path path, int directory, int lock) noexcept
    : path_(std::move(path)), directory_(directory), lock_(lock) {}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)),
      directory_(std::exchange(other.directory_, -1)),
      lock_(std::exchange(other.lock_, -1)) {}

DataDirectory::~DataDirectory() {
  // The lock file stays: removing it would let two holders lock two files of the same name.
  if (lock_ >= 0) ::close(lock_);
  if (directory_ >= 0) ::close(directory_);
}

Result<DataDirectory> DataDirectory::open(const std::filesystem::path& path, std::string_view holder) {
  if (Result<void> created = create(path); !created) return tl::unexpected(std::move(created.error()));
  Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0) return system_failure("open", path);
  const std::filesystem::path lock_name = lock_path(path);
  Descriptor lock(::openat(directory.get(), lock_name.filename().c_str(),
                           O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (lock.get() < 0) return system_failure("open", lock_name);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_failure("lock", lock_name);
    return failure(ErrorCode::kConflict,
                   fmt::format("the data directory {} is in use by {}: stop that first, or name "
                               "another directory",
                               path.string(), read_holder(lock.get())));
  }
  write_holder(lock.get(), holder);
  return DataDirectory(path, directory.release(), lock.release());
}

Result<void> DataDirectory::sync() const {
  if (::fsync(directory_) == 0) return {};
  return failure(ErrorCode::kFatal, fmt::format("data directory {}: fsync failed: {}", path_.string(),
                                                std::system_category().message(errno)));
}

std::filesystem::path DataDirectory::database_path(const std::filesystem::path& directory) {
  return directory / "latchkey.db";
}

std::filesystem::path DataDirectory::admin_socket_path(const std::filesystem::path& directory) {
  return directory / "admin.sock";
}

std::filesystem::path DataDirectory::lock_path(const std::filesystem::path& directory) {
  return directory / "latchkeyd.lock";
}

}  // namespace latchkey::store
