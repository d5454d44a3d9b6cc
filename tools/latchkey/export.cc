#include "export.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <utility>

#include "file.h"
#include "latchkey/base/printable.h"
#include "output.h"

namespace latchkey::command {

namespace {

/// The hash as Apache and nginx verify it, both by crypt(3) but bcrypt; empty if they cannot.
std::string htpasswd_hash(std::string_view hash) {
  constexpr std::array<std::string_view, 5> kOfCrypt = {"$5$", "$6$", "$y$", "$gy$", "$7$"};
  for (const std::string_view bcrypt : {"$2a$", "$2b$", "$2y$"}) {
    if (hash.starts_with(bcrypt)) return "$2y$" + std::string(hash.substr(bcrypt.size()));
  }
  const bool is_of_crypt = std::any_of(kOfCrypt.begin(), kOfCrypt.end(),
                                       [hash](std::string_view front) { return hash.starts_with(front); });
  return is_of_crypt ? std::string(hash) : std::string();
}

/// The user's line, or why there is none.
Result<std::string> htpasswd_line(std::string_view user) {
  const std::string name = text_member(user, "name");
  const std::string hash = htpasswd_hash(text_member(user, "password_hash"));
  if (name.find(':') != std::string::npos)
    return failure(ErrorCode::kInvalid, "the name has a colon, which htpasswd cannot have");
  if (!truth_member(user, "active"))
    return failure(ErrorCode::kInvalid, "the user is disabled, and htpasswd knows no such");
  if (hash.empty()) {
    return failure(
        ErrorCode::kInvalid,
        "the hash is of a scheme that neither Apache nor nginx verifies, as all are that are made here");
  }
  return fmt::format("{}:{}\n", name, hash);
}

/// Writes the users, and returns how many were left out.
Result<std::size_t> write_users(NewFile& out, const std::vector<std::string>& users, bool as_htpasswd) {
  std::size_t left_out = 0;
  for (const std::string& user : users) {
    if (!as_htpasswd) {
      LATCHKEY_TRY(out.write(user + "\n"));
      continue;
    }
    const Result<std::string> line = htpasswd_line(user);
    if (line) {
      LATCHKEY_TRY(out.write(*line));
    } else {
      ++left_out;
      fmt::print(stderr, "latchkey: left out {}: {}\n", printable(text_member(user, "name")),
                 line.error().text);
    }
  }
  LATCHKEY_TRY(out.finish());
  return left_out;
}

}  // namespace

int export_users(const Arguments& arguments) {
  const bool as_htpasswd = arguments.format == "htpasswd";
  if (as_htpasswd && !arguments.with_hashes)
    return refuse(
        "an htpasswd file is of hashes: give --with-hashes, and keep the file as secret as the database");
  const std::string file = arguments.file.empty() ? "-" : arguments.file;
  // Made before anything is opened, by whoever runs the command.
  Result<NewFile> out = NewFile::make(file);
  if (!out) return refuse(out.error().text);
  if (arguments.with_hashes && out->is_terminal())
    return refuse("hashes are not written to a terminal: name a file, which is made for its owner alone");
  Result<std::unique_ptr<Backend>> backend = backend_for(arguments);
  if (!backend) return refuse(backend.error().text);
  const Result<std::vector<std::string>> users =
      ask_for_pages(**backend, arguments.with_hashes ? "/export" : "/users", "users");
  if (!users) return refuse(users.error().text);
  const Result<std::size_t> left_out = write_users(*out, *users, as_htpasswd);
  if (!left_out) return refuse(left_out.error().text);
  if (file != "-") {
    const std::size_t written = users->size() - *left_out;
    fmt::print("{}", arguments.json ? fmt::format("{{\"users\":{},\"left_out\":{}}}\n", written, *left_out)
                                    : fmt::format("wrote {} {} to {}\n", written,
                                                  written == 1 ? "user" : "users", file));
  }
  return *left_out == 0 ? kExitDone : kExitInPart;
}

}  // namespace latchkey::command
