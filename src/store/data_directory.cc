#include "latchkey/store/data_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "latchkey/base/file_rules.h"

namespace latchkey::store {

namespace {

/// The longest text in the lock file: a program's name, a process id and where it listens.
constexpr std::size_t kMaxLockBytes = 8192;
constexpr std::size_t kMaxHolderBytes = 64;
constexpr std::string_view kSomebody = "another process";

tl::unexpected<Error> system_failure(std::string_view what, const std::filesystem::path& path) {
  return failure(ErrorCode::kUnavailable, fmt::format("data directory: cannot {} {}: {}", what, path.string(),
                                                      std::system_category().message(errno)));
}

/// Owns an open descriptor until it is released.
class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const noexcept { return number_; }
  int release() noexcept { return std::exchange(number_, -1); }

 private:
  int number_;
};

std::string name_of(const std::filesystem::path& path) { return path.filename().string(); }

tl::unexpected<Error> missing(std::string_view what, const std::filesystem::path& path) {
  return failure(
      ErrorCode::kNotFound,
      fmt::format("there is no {} {}: see whether --data names the right directory; a new one is "
                  "made by --create alone ('latchkeyd --create', 'latchkey user add NAME --create')",
                  what, path.string()));
}

/// The directory without a trailing slash: mkdir(2) needs a name at the end.
std::filesystem::path named(const std::filesystem::path& path) {
  return path.has_filename() || !path.has_parent_path() || path == path.root_path() ? path
                                                                                    : path.parent_path();
}

/// Makes the name of a new directory durable. Everything in the directory depends on it.
Result<void> sync_above(const std::filesystem::path& path) {
  const std::filesystem::path above = path.has_parent_path() ? path.parent_path() : ".";
  const Descriptor directory(::open(above.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Permission to make a name in a directory does not include permission to read it.
  if (directory.get() < 0 && errno == EACCES) return {};
  if (directory.get() >= 0 && ::fsync(directory.get()) == 0) return {};
  return system_failure("sync", above);
}

Result<void> create(const std::filesystem::path& path) {
  if (::mkdir(named(path).c_str(), 0700) == 0) return sync_above(named(path));
  if (errno == EEXIST) return {};
  if (errno != ENOENT) return system_failure("create", path);
  return failure(ErrorCode::kNotFound,
                 fmt::format("cannot create {}: the directory above it is not there; --create makes the last "
                             "directory of a path alone: make the others, or see whether --data is right",
                             path.string()));
}

/// Returns nothing if there is nothing of that name.
Result<std::optional<Descriptor>> open_directory(const std::filesystem::path& path) {
  Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() >= 0) return std::optional<Descriptor>(std::move(directory));
  if (errno == ENOENT) return std::optional<Descriptor>();
  return system_failure("open", path);
}

struct Found {
  bool is_there = false;
  std::int64_t bytes = 0;
};

Result<Found> look_for(int directory, const std::filesystem::path& path) {
  struct stat status {};
  if (::fstatat(directory, name_of(path).c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    return Found{true, static_cast<std::int64_t>(status.st_size)};
  }
  if (errno == ENOENT) return Found{};
  return system_failure("look at", path);
}

/// Whether a file is in the open directory.
bool stands_in(int directory, const std::filesystem::path& file) {
  struct stat own {};
  struct stat other {};
  const std::filesystem::path above = file.has_parent_path() ? file.parent_path() : ".";
  return ::fstat(directory, &own) == 0 && ::stat(above.c_str(), &other) == 0 && own.st_dev == other.st_dev &&
         own.st_ino == other.st_ino;
}

/// The first of these files that exists and is not empty; empty if there is none.
Result<std::string> first_there(int directory, const std::vector<std::filesystem::path>& paths) {
  for (const std::filesystem::path& path : paths) {
    LATCHKEY_TRY(const Found found, look_for(directory, path));
    if (found.bytes > 0) return path.string();
  }
  return std::string();
}

struct DatabaseFile {
  bool is_there = false;
  bool may_be_made = false;
};

/// If there is no database, `options` must allow making one, and there must be no trace of another: a key, or
/// a log.
Result<DatabaseFile> check_database(int directory, const std::filesystem::path& path,
                                    const DirectoryOptions& options) {
  const std::filesystem::path database = DataDirectory::database_path(path);
  LATCHKEY_TRY(const Found found, look_for(directory, database));
  std::vector<std::filesystem::path> traces = {DataDirectory::key_path(path)};
  if (!options.key_file.empty() && stands_in(directory, options.key_file)) {
    traces.push_back(path / options.key_file.filename());
  }
  // A log beside an existing database belongs to it.
  if (found.bytes == 0) traces.emplace_back(database.string() + "-wal");
  LATCHKEY_TRY(const std::string trace, first_there(directory, traces));
  if (found.bytes > 0) return DatabaseFile{true, options.create && trace.empty()};
  if (!trace.empty()) {
    return failure(
        ErrorCode::kNotFound,
        fmt::format("the database {} is {}, and {} beside it shows that one stood there: put the database "
                    "back from a backup; for a new one without its users, move {} away first",
                    database.string(), found.is_there ? "empty" : "missing", trace, trace));
  }
  if (!options.create) return missing(found.is_there ? "content in the database" : "database", database);
  return DatabaseFile{false, true};
}

/// Checks the owner of the directory and of the existing files in it.
Result<void> check_owners(int directory, const std::filesystem::path& path) {
  LATCHKEY_TRY(check_own_directory(directory, path.string()));
  const std::string database = DataDirectory::database_path(path).string();
  for (const std::string_view behind : {"", "-wal", "-shm", "-journal"}) {
    LATCHKEY_TRY(check_private_file_in(directory, fmt::format("{}{}", database, behind),
                                       behind.empty() ? "the database" : "the database's file"));
  }
  return check_private_file_in(directory, DataDirectory::lock_path(path).string(), "the lock file");
}

/// The lines of the lock file.
std::vector<std::string> read_lines(int lock) {
  std::string text(kMaxLockBytes, '\0');
  const ssize_t size = ::pread(lock, text.data(), text.size(), 0);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  std::vector<std::string> lines;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
    lines.push_back(text.substr(0, end));
    text.erase(0, end + 1);
  }
  if (lines.empty() || lines.front().empty()) lines.assign(1, std::string(kSomebody));
  return lines;
}

/// The text is only for an error's sentence and for --check, so a disk that refuses it does not prevent a
/// start.
void write_lines(int lock, const std::string& text) noexcept {
  if (::ftruncate(lock, 0) == 0) static_cast<void>(::pwrite(lock, text.data(), text.size(), 0) == 0);
}

tl::unexpected<Error> in_use(const std::filesystem::path& path, std::string_view holder) {
  return failure(ErrorCode::kConflict,
                 fmt::format("the data directory {} is in use by {}: stop that first, or name "
                             "another directory",
                             path.string(), holder));
}

/// Finds out who holds the lock. If nobody does, takes it for this moment, shared with others that inspect.
Result<void> find_holder(int directory, const std::filesystem::path& path, DirectoryFindings& findings) {
  const std::filesystem::path name = DataDirectory::lock_path(path);
  const Descriptor lock(
      ::openat(directory, name_of(name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (lock.get() < 0 && errno == ENOENT) return {};
  if (lock.get() < 0) return system_failure("open", name);
  if (::flock(lock.get(), LOCK_SH | LOCK_NB) == 0) return {};
  if (errno != EWOULDBLOCK) return system_failure("look at", name);
  std::vector<std::string> lines = read_lines(lock.get());
  findings.holder = std::move(lines.front());
  lines.erase(lines.begin());
  findings.endpoints = std::move(lines);
  return {};
}

}  // namespace

DataDirectory::DataDirectory(std::filesystem::path path, std::string holder, int directory, int lock) noexcept
    : path_(std::move(path)), holder_(std::move(holder)), directory_(directory), lock_(lock) {}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)),
      holder_(std::move(other.holder_)),
      may_create_database_(other.may_create_database_),
      directory_(std::exchange(other.directory_, -1)),
      lock_(std::exchange(other.lock_, -1)) {}

DataDirectory::~DataDirectory() {
  // The lock file stays. If it were removed, two holders could lock two files of the same name.
  if (lock_ >= 0) ::close(lock_);
  if (directory_ >= 0) ::close(directory_);
}

Result<DirectoryFindings> DataDirectory::inspect(const std::filesystem::path& path,
                                                 const DirectoryOptions& options) {
  DirectoryFindings findings;
  LATCHKEY_TRY(const std::optional<Descriptor> directory, open_directory(path));
  if (!directory.has_value()) {
    if (options.create) return findings;
    return missing("data directory", path);
  }
  findings.directory = true;
  LATCHKEY_TRY(check_owners(directory->get(), path));
  LATCHKEY_TRY(const DatabaseFile database, check_database(directory->get(), path, options));
  findings.database = database.is_there;
  findings.may_create_database = database.may_be_made;
  LATCHKEY_TRY(find_holder(directory->get(), path, findings));
  return findings;
}

Result<DataDirectory> DataDirectory::open(const std::filesystem::path& path, std::string_view holder,
                                          const DirectoryOptions& options) {
  if (options.create) {
    LATCHKEY_TRY(create(path));
  }
  LATCHKEY_TRY(std::optional<Descriptor> directory, open_directory(path));
  if (!directory.has_value()) return missing("data directory", path);
  const int descriptor = directory->get();
  LATCHKEY_TRY(check_owners(descriptor, path));
  // This comes before the lock file is made, so that a wrong directory stays as it is.
  DatabaseFile database;
  if (!options.for_restore) {
    LATCHKEY_TRY(database, check_database(descriptor, path, options));
  }
  const std::filesystem::path lock_name = lock_path(path);
  Descriptor lock(
      ::openat(descriptor, name_of(lock_name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (lock.get() < 0) return system_failure("open", lock_name);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_failure("lock", lock_name);
    return in_use(path, read_lines(lock.get()).front());
  }
  std::string line = fmt::format("{} (pid {})\n", holder.substr(0, kMaxHolderBytes / 2), ::getpid());
  write_lines(lock.get(), line);
  DataDirectory opened(path, std::move(line), directory->release(), lock.release());
  opened.may_create_database_ = database.may_be_made;
  return opened;
}

Result<void> DataDirectory::sync() const {
  if (::fsync(directory_) == 0) return {};
  return failure(ErrorCode::kFatal, fmt::format("data directory {}: fsync failed: {}", path_.string(),
                                                std::system_category().message(errno)));
}

void DataDirectory::note_endpoints(const std::vector<std::string>& endpoints) const noexcept {
  write_lines(lock_, holder_ + fmt::format("{}\n", fmt::join(endpoints, "\n")));
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

std::filesystem::path DataDirectory::key_path(const std::filesystem::path& directory) {
  return directory / "latchkey.key";
}

}  // namespace latchkey::store
