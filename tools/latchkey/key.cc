#include "key.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "admin_client.h"
#include "latchkey/base/json_writer.h"
#include "latchkey/base/random.h"
#include "latchkey/store/schema.h"
#include "latchkey/token/key_renewal.h"
#include "latchkey/token/key_rotation.h"
#include "output.h"

namespace latchkey::command {

namespace {

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

struct Rotated {
  token::KeyRotation key;
  std::string file;
  bool by_server = false;  ///< a server signs with it already
};

/// Root goes on as root where the file is root's own, as one outside the data is.
Result<void> work_as_owner_of(const std::string& file, const BackendOptions& options) {
  struct stat status {};
  if (::stat(file.c_str(), &status) == 0 && status.st_uid == 0) return {};
  return become_owner(options.data);
}

Result<Rotated> rotate_with_server(Backend& server, std::string_view key, const Arguments& arguments) {
  Rotated done;
  done.file = arguments.key_file.empty() ? text_member(key, "key_file") : arguments.key_file;
  LATCHKEY_TRY(work_as_owner_of(done.file, options_of(arguments)));
  LATCHKEY_TRY(done.key,
               token::rotate_key(done.file, static_cast<std::uint8_t>(number_member(key, "signing")),
                                 text_member(key, "fingerprint")));
  if (!done.key.unwritten.empty()) return done;
  const std::string body =
      fmt::format("{{\"fingerprint\":\"{}\",\"signing\":{}}}", done.key.fingerprint, done.key.signing);
  LATCHKEY_TRY(ask(server, {"POST", "/key", SecretText(body)}));
  done.by_server = true;
  return done;
}

Result<Rotated> rotate(const Arguments& arguments) {
  const BackendOptions options = options_of(arguments);
  if (probe_server(admin_socket_of(options))) {
    LATCHKEY_TRY(const std::unique_ptr<Backend> server, open_backend(options));
    LATCHKEY_TRY(const std::string key, ask(*server, {"GET", "/key", SecretText()}));
    return rotate_with_server(*server, key, arguments);
  }
  LATCHKEY_TRY(const store::DataDirectory directory, open_without_server(options));
  Result<token::KeyRotation> rotated = token::rotate_key(options.key_file.string(), 1, "");
  if (!rotated && rotated.error().code == ErrorCode::kNotFound) {
    rotated.error().text +=
        ": the first start of a server makes it, with --create; name another with --key-file";
  }
  LATCHKEY_TRY(token::KeyRotation key, std::move(rotated));
  return Rotated{std::move(key), options.key_file.string(), false};
}

std::string rotation_text(const Rotated& done) {
  return fmt::format(
      "new tokens are signed with key {} of {}{}; those that live go on until they end\nback the file up, apart from "
      "the database's backups\n",
      done.key.signing, whole_path(done.file), done.by_server ? " from now on" : " from the next start on");
}

std::string rotation_json(const Rotated& done) {
  JsonWriter json;
  json.begin_object();
  json.member("key_file", whole_path(done.file));
  json.member("signing", done.key.signing);
  json.member("in_force", done.by_server);
  json.end();
  return json.take() + "\n";
}

/// The file is read-only, such as a credential of systemd's: the administrator puts the new one in its place.
int hand_out(const Rotated& done) {
  if (::isatty(STDOUT_FILENO) == 1) {
    return refuse(
        fmt::format("{}; to get the new file, which is as secret as this one, send standard output into a "
                    "file: `(umask 077; latchkey key rotate > latchkey.key.new)`",
                    done.key.why_unwritten));
  }
  fmt::print("{}", done.key.unwritten.view());
  fmt::print(
      stderr,
      "latchkey: {}; the new file is on standard output: put it where {} comes from (LoadCredential= names it), "
      "mode 0600, and restart the server; until then nothing changes, and tokens live on\n",
      done.key.why_unwritten, done.file);
  return kExitInPart;
}

}  // namespace

int renew_key_file(const Arguments& arguments) {
  const BackendOptions options = options_of(arguments);
  const Result<token::KeyRenewal> done = renew_key(options);
  if (!done) return refuse(done.error().text);
  fmt::print("{}", arguments.json ? renewal_json(*done, options) : renewal_text(*done, options));
  return kExitDone;
}

int rotate_key_file(const Arguments& arguments) {
  const Result<Rotated> done = rotate(arguments);
  if (!done) return refuse(done.error().text);
  if (!done->key.unwritten.empty()) return hand_out(*done);
  fmt::print("{}", arguments.json ? rotation_json(*done) : rotation_text(*done));
  return kExitDone;
}

}  // namespace latchkey::command
