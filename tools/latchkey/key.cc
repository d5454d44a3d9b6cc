#include "key.h"

#include <fmt/format.h>

#include <utility>

#include "latchkey/base/json_writer.h"
#include "latchkey/base/random.h"
#include "latchkey/store/schema.h"

namespace latchkey::command {

Result<token::KeyRenewal> renew_key(const BackendOptions& options) {
  LATCHKEY_TRY(const store::DataDirectory directory, open_without_server(options));
  LATCHKEY_TRY(store::Database database,
               store::open_database(directory.database_path().string(), {.may_create = false}));
  SystemRandom random;
  return token::renew_key(database, options.key_file.string(), random);
}

std::string renewal_text(const token::KeyRenewal& done, const BackendOptions& options) {
  std::string text = fmt::format(
      "made a new key, {}, for the data in {}; {} {} ended; users log in with their passwords as before\n",
      whole_path(options.key_file), whole_path(options.data), done.ended_sessions,
      done.ended_sessions == 1 ? "session" : "sessions");
  if (!done.old_file.empty()) {
    text += fmt::format(
        "the old key file is {} now: keep it as long as you keep backups of the database from "
        "before, then remove it\n",
        whole_path(done.old_file));
  }
  return text + "back the new one up, apart from the database's backups\n";
}

std::string renewal_json(const token::KeyRenewal& done, const BackendOptions& options) {
  JsonWriter json;
  json.begin_object();
  json.member("key_file", whole_path(options.key_file));
  json.member("ended_sessions", done.ended_sessions);
  if (done.old_file.empty()) {
    json.member("old_key_file", nullptr);
  } else {
    json.member("old_key_file", whole_path(done.old_file));
  }
  json.end();
  return json.take() + "\n";
}

}  // namespace latchkey::command
