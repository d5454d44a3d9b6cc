#include "backup.h"

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "latchkey/base/json_writer.h"
#include "latchkey/store/schema.h"
#include "output.h"
#include "whole_file.h"

namespace latchkey::command {

namespace {

namespace fs = std::filesystem;

/// So many parts of a backup, of 256 KiB: four PiB.
constexpr std::uint64_t kMostParts = std::uint64_t{1} << 34;

struct Made {
  std::uint64_t bytes = 0;
  store::DatabaseExamination found;
  std::string key_file;
};

/// Has the store make its copy, and writes that into the file.
Result<std::uint64_t> write_copy(Backend& backend, WholeFile& file) {
  LATCHKEY_TRY(ask(backend, {"POST", "/backup", SecretText()}));
  for (bool is_whole = false; !is_whole;) {
    LATCHKEY_TRY(const std::string progress, ask(backend, {"POST", "/backup/copy", SecretText()}));
    is_whole = truth_member(progress, "whole");
  }
  std::uint64_t bytes = 0;
  for (std::uint64_t part = 0; part < kMostParts; ++part) {
    LATCHKEY_TRY(const std::string got,
                 ask(backend, {"GET", fmt::format("/backup?after={}", bytes), SecretText()}));
    if (got.empty()) break;
    LATCHKEY_TRY(file.write(got));
    bytes += got.size();
  }
  LATCHKEY_TRY(file.sync());
  return bytes;
}

/// Where the key is that has to be kept apart.
std::string key_file_of(Backend& backend, const BackendOptions& options) {
  const Result<std::string> key = ask(backend, {"GET", "/key", SecretText()});
  return key ? text_member(*key, "key_file") : whole_path(options.key_file);
}

Result<Made> back_up(Backend& backend, WholeFile& file, const Arguments& arguments) {
  const BackendOptions options = options_of(arguments);
  Made made;
  LATCHKEY_TRY(made.bytes, write_copy(backend, file));
  made.key_file = key_file_of(backend, options);
  backend.pause();
  // What came from the server is not read with root's rights.
  LATCHKEY_TRY(become_owner(options.data));
  LATCHKEY_TRY(made.found, store::examine_database(file.partial(), file.name().string()));
  LATCHKEY_TRY(file.keep(arguments.keep.value_or(0)));
  return made;
}

std::string text_of(const Made& made, const fs::path& name) {
  return fmt::format(
      "wrote {}: {} bytes, {} {}, {} live {}; it was opened and is sound\nthe key is not in it: back up {} once, and "
      "after each `latchkey key`, in another place; neither opens anything without the other\n",
      name.string(), made.bytes, made.found.users, made.found.users == 1 ? "user" : "users",
      made.found.live_sessions, made.found.live_sessions == 1 ? "session" : "sessions", made.key_file);
}

std::string json_of(const Made& made, const fs::path& name) {
  JsonWriter json;
  json.begin_object();
  json.member("file", name.string());
  json.member("bytes", made.bytes);
  json.member("version", made.found.version);
  json.member("users", made.found.users);
  json.member("live_sessions", made.found.live_sessions);
  json.member("key_file", made.key_file);
  json.end();
  return json.take() + "\n";
}

}  // namespace

int make_backup(const Arguments& arguments) {
  std::error_code error;
  fs::path name = arguments.file;
  const bool is_directory = fs::is_directory(name, error);
  if (is_directory) name /= timed_name();
  if (arguments.keep && !is_directory) {
    refuse("--keep is about a directory of backups: name one that exists");
    return kExitUsage;
  }
  // Made before anything is opened, by whoever runs the command.
  Result<WholeFile> file = WholeFile::begin(name);
  if (!file) return refuse(file.error().text);
  Result<std::unique_ptr<Backend>> backend = backend_for(arguments);
  if (!backend) return refuse(backend.error().text);
  const Result<Made> made = back_up(**backend, *file, arguments);
  if (!made) return refuse(made.error().text + "; there is no new backup");
  fmt::print("{}", arguments.json ? json_of(*made, file->name()) : text_of(*made, file->name()));
  const Result<std::string> noted = ask(**backend, {"POST", "/backup/done", SecretText()});
  if (noted) return kExitDone;
  refuse("the backup is whole, but that it was made could not be noted: " + noted.error().text);
  return kExitInPart;
}

}  // namespace latchkey::command
