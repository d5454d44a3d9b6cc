#include <fmt/format.h>

#include <filesystem>
#include <string>

#include "backup.h"
#include "latchkey/base/json_writer.h"
#include "latchkey/base/time_text.h"
#include "latchkey/store/schema.h"
#include "latchkey/token/keyring.h"

namespace latchkey::command {

namespace {

/// What is known of the key that belongs to a database.
struct KeyFound {
  bool is_other = false;
  std::string json;
  std::string text;
};

KeyFound compare_key(const store::DatabaseExamination& found, const std::string& key_file) {
  if (!found.fingerprint) return {false, "none", "no key has been used with it yet"};
  const Result<token::Keyring> keyring = token::Keyring::load(key_file);
  if (!keyring) return {false, "unknown", "its key was not compared: " + keyring.error().text};
  if (keyring->fingerprint() == *found.fingerprint)
    return {false, "right", fmt::format("the key {} is its own", key_file)};
  return {
      true, "other",
      fmt::format("the key {} is not its own: its sessions open only with the key that made them", key_file)};
}

std::string text_of(const store::DatabaseExamination& found, const std::string& file, const KeyFound& key) {
  return fmt::format("{} is sound: version {}, {} {}, {} live {}; a server last wrote its time at {}\n{}\n",
                     file, found.version, found.users, found.users == 1 ? "user" : "users",
                     found.live_sessions, found.live_sessions == 1 ? "session" : "sessions",
                     found.recorded.ms == 0 ? "no time: none has run on it" : to_rfc3339(found.recorded),
                     key.text);
}

std::string json_of(const store::DatabaseExamination& found, const std::string& file, const KeyFound& key) {
  JsonWriter json;
  json.begin_object();
  json.member("file", file);
  json.member("version", found.version);
  json.member("users", found.users);
  json.member("live_sessions", found.live_sessions);
  json.member("key", key.json);
  json.end();
  return json.take() + "\n";
}

}  // namespace

int check_database(const Arguments& arguments) {
  const BackendOptions options = options_of(arguments);
  const std::string file =
      whole_path(arguments.file.empty() ? store::DataDirectory::database_path(options.data)
                                        : std::filesystem::path(arguments.file));
  // Nothing that a server wrote is read with root's rights.
  if (const Result<void> became = become_owner(options.data); !became) return refuse(became.error().text);
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    return refuse(fmt::format("there is no file {}: {}", file,
                              error ? error.message() : "see whether --data, or the name, is right"));
  }
  const Result<store::DatabaseExamination> found = store::examine_database(file);
  if (!found) return refuse(found.error().text);
  const KeyFound key = compare_key(*found, options.key_file.string());
  fmt::print("{}", arguments.json ? json_of(*found, file, key) : text_of(*found, file, key));
  return key.is_other ? kExitRefused : kExitDone;
}

}  // namespace latchkey::command
