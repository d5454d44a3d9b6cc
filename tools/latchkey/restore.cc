#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "backup.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/json_writer.h"
#include "latchkey/base/time_text.h"
#include "latchkey/store/schema.h"
#include "latchkey/store/session_table.h"
#include "latchkey/token/keyring.h"
#include "whole_file.h"

namespace latchkey::command {

namespace {

namespace fs = std::filesystem;

/// A database and what SQLite has beside it. The database comes first: without it, what is left is no
/// database to a start.
constexpr std::array<std::string_view, 4> kFilesOfDatabase = {"", "-wal", "-journal", "-shm"};

tl::unexpected<Error> cannot(std::string_view what, const fs::path& path, int error) {
  return failure(ErrorCode::kUnavailable,
                 fmt::format("cannot {} {}: {}", what, path.string(), std::system_category().message(error)));
}

class Descriptor {
 public:
  explicit Descriptor(int file) noexcept : file_(file) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  ~Descriptor() {
    if (file_ >= 0) ::close(file_);
  }
  int get() const noexcept { return file_; }

 private:
  int file_;
};

/// Opens the backup, with the rights of whoever runs the command.
Result<Descriptor> open_backup(const std::string& name) {
  Descriptor file(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return cannot("read", name, errno);
  if (!S_ISREG(status.st_mode)) return failure(ErrorCode::kInvalid, fmt::format("{} is no file", name));
  std::error_code error;
  if (const auto bytes = fs::file_size(name + "-wal", error); !error && bytes > 0) {
    return failure(
        ErrorCode::kInvalid,
        fmt::format("{} has a log beside it, {}-wal: it is a database, or a copy of its file, and no "
                    "backup; make one with `latchkey backup`",
                    name, name));
  }
  return file;
}

Result<void> copy_into(const Descriptor& from, const std::string& name, const fs::path& path) {
  const Descriptor to(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (to.get() < 0) return cannot("make", path, errno);
  std::string part(std::size_t{1} << 20, '\0');
  for (off_t at = 0;;) {
    const ssize_t got = ::pread(from.get(), part.data(), part.size(), at);
    if (got < 0) return cannot("read", name, errno);
    if (got == 0) break;
    for (ssize_t done = 0; done < got;) {
      const ssize_t put = ::write(to.get(), part.data() + done, static_cast<std::size_t>(got - done));
      if (put < 0) return cannot("write", path, errno);
      done += put;
    }
    at += got;
  }
  if (::fsync(to.get()) != 0) return cannot("sync", path, errno);
  return {};
}

Result<void> remove_all_of(const fs::path& database) {
  for (const std::string_view behind : kFilesOfDatabase) {
    const std::string path = database.string() + std::string(behind);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return cannot("remove", path, errno);
  }
  return {};
}

/// A database that is being made ready in the data directory. It is removed unless it takes its place.
class Staged {
 public:
  explicit Staged(const store::DataDirectory& directory)
      : directory_(directory), path_(directory.database_path().string() + "-restoring") {}
  Staged(const Staged&) = delete;
  Staged& operator=(const Staged&) = delete;
  ~Staged() { static_cast<void>(remove_all_of(path_)); }

  const fs::path& path() const noexcept { return path_; }

  /// Moves the database that is there aside, if there is one. Returns its new name.
  Result<std::string> take_place() {
    const std::string database = directory_.database_path();
    const std::string aside = fmt::format("{}.before-{}", database, time_for_name());
    bool was_there = false;
    for (const std::string_view behind : kFilesOfDatabase) {
      const std::string from = database + std::string(behind);
      const std::string to = aside + std::string(behind);
      if (::rename(from.c_str(), to.c_str()) == 0) {
        was_there = true;
      } else if (errno != ENOENT) {
        return cannot("move aside", from, errno);
      }
    }
    // On disk before the new one has the name: the old log never stands beside it.
    LATCHKEY_TRY(directory_.sync());
    if (::rename(path_.c_str(), database.c_str()) != 0) return cannot("name", database, errno);
    LATCHKEY_TRY(directory_.sync());
    return was_there ? aside : std::string();
  }

 private:
  const store::DataDirectory& directory_;
  fs::path path_;
};

struct Restored {
  store::DatabaseExamination found;
  std::size_t ended = 0;
  std::string aside;     ///< where the database is that was there
  std::string key_file;  ///< that has to be put there
};

/// Errors: kInvalid if a key is there that is not the backup's.
Result<std::string> check_key_of(const store::DatabaseExamination& found, const std::string& backup,
                                 const std::string& key_file) {
  if (!found.fingerprint) return std::string();
  const Result<token::Keyring> keyring = token::Keyring::load(key_file);
  if (!keyring && keyring.error().code == ErrorCode::kNotFound) return key_file;
  if (!keyring) return tl::unexpected(keyring.error());
  if (keyring->fingerprint() == *found.fingerprint) return std::string();
  return failure(
      ErrorCode::kInvalid,
      fmt::format("the key {} is not the one that belongs to {}: put the right one there; if that is "
                  "lost, move this one away, restore, and run `latchkey key renew`",
                  key_file, backup));
}

Result<Restored> restore(const Arguments& arguments, BackendOptions options) {
  options.may_create = arguments.create;
  options.for_restore = true;
  LATCHKEY_TRY(const Descriptor backup, open_backup(arguments.file));
  LATCHKEY_TRY(const store::DataDirectory directory, open_without_server(options));
  std::error_code error;
  if (!arguments.replace && fs::exists(directory.database_path(), error)) {
    return failure(ErrorCode::kConflict, fmt::format("there is a database, {}: --replace moves it aside",
                                                     directory.database_path().string()));
  }
  Restored restored;
  Staged staged(directory);
  LATCHKEY_TRY(remove_all_of(staged.path()));
  LATCHKEY_TRY(copy_into(backup, arguments.file, staged.path()));
  LATCHKEY_TRY(restored.found, store::examine_database(staged.path(), arguments.file));
  LATCHKEY_TRY(restored.key_file, check_key_of(restored.found, arguments.file, options.key_file));
  {
    LATCHKEY_TRY(store::Database database, store::open_database(staged.path(), {.may_create = false}));
    if (!arguments.keep_tokens) {
      LATCHKEY_TRY(restored.ended,
                   store::bury_everything(database, store::Death::kDeleted, SystemClock().wall()));
    }
    LATCHKEY_TRY(database.checkpoint());
  }
  if (const auto bytes = fs::file_size(staged.path().string() + "-wal", error); !error && bytes > 0)
    return cannot("bring its log into", staged.path(), EIO);
  LATCHKEY_TRY(restored.aside, staged.take_place());
  return restored;
}

std::string text_of(const Restored& done, const Arguments& arguments, const BackendOptions& options) {
  std::string text =
      fmt::format("restored {} {} from {} into {}; {}\n", done.found.users,
                  done.found.users == 1 ? "user" : "users", arguments.file, whole_path(options.data),
                  arguments.keep_tokens
                      ? fmt::format("tokens live on, those too that were ended after the backup ({} in all)",
                                    done.found.live_sessions)
                      : fmt::format("{} {} ended, and people log in with the passwords that they had then",
                                    done.ended, done.ended == 1 ? "token" : "tokens"));
  if (!done.aside.empty()) {
    text += fmt::format("the database that was there is {} now: remove it once all is well\n",
                        whole_path(done.aside));
  }
  if (!done.key_file.empty()) {
    text += fmt::format(
        "its key is not at {}: put it there before the start; if it is lost, run `latchkey key renew`\n",
        whole_path(done.key_file));
  }
  return text;
}

std::string json_of(const Restored& done, const Arguments& arguments, const BackendOptions& options) {
  JsonWriter json;
  json.begin_object();
  json.member("data", whole_path(options.data));
  json.member("users", done.found.users);
  json.member("ended_tokens", done.ended);
  json.member("kept_tokens", arguments.keep_tokens ? done.found.live_sessions : 0);
  for (const auto& [name, path] :
       {std::pair("former_database", done.aside), std::pair("missing_key_file", done.key_file)}) {
    if (path.empty()) {
      json.member(name, nullptr);
    } else {
      json.member(name, whole_path(path));
    }
  }
  json.end();
  return json.take() + "\n";
}

}  // namespace

int restore_backup(const Arguments& arguments) {
  const BackendOptions options = options_of(arguments);
  const Result<Restored> done = restore(arguments, options);
  if (!done) return refuse(done.error().text);
  fmt::print("{}", arguments.json ? json_of(*done, arguments, options) : text_of(*done, arguments, options));
  return kExitDone;
}

}  // namespace latchkey::command
