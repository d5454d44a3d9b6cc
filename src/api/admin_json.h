// The JSON of the admin socket: a request's body, and users and tokens in answers.
// Thread: any; all are pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/base/json_writer.h"
#include "latchkey/base/result.h"
#include "latchkey/base/secret.h"
#include "latchkey/credential/user.h"
#include "latchkey/store/session.h"

namespace latchkey::api {

/// A longer body is refused.
inline constexpr std::size_t kMaxAdminBodyBytes = std::size_t{64} << 10;

struct AdminBody {
  std::optional<std::string> name;
  std::optional<SecretText> password;
  std::optional<std::string> password_hash;
  std::optional<bool> superuser;
  std::optional<bool> active;
  std::optional<std::string> first_name;
  std::optional<std::string> last_name;
  std::optional<std::string> email;
  std::optional<std::vector<std::string>> groups;
  std::vector<std::string> add;
  std::vector<std::string> remove;
};

/// Reads an object with these members. `superuser` and `active` are booleans, the last three are lists of
/// texts, and all others are texts. The parser's copies of the body are wiped. Errors: kInvalid for anything
/// else, an unknown member included.
Result<AdminBody> read_admin_body(std::string_view body);

/// Reads `{"users": [...]}`, of such objects.
Result<std::vector<AdminBody>> read_import_body(std::string_view body);

/// What ends an import: whether users who are there are changed, and whether anything is done.
struct ImportBody {
  bool update = false;
  bool dry_run = false;
};
Result<ImportBody> read_import_rules(std::string_view body);

/// What the command says of the key file that it has rotated.
struct KeyBody {
  std::string fingerprint;
  std::int64_t signing = 0;
};
Result<KeyBody> read_key_body(std::string_view body);

/// Writes the user's groups as the member `groups`, a list.
void write_groups(JsonWriter& json, const credential::User& user);

/// Writes the user's members, without the password's hash, into the object that is open.
void write_user_members(JsonWriter& json, const credential::User& user);

/// Whether a user is shown with the password's hash.
enum class PasswordHashes : std::uint8_t { kLeftOut, kShown };
/// One page of users, of whom a full page has `page_users`: `{"users": [...], "next": NAME}`.
std::string users_page(const std::vector<credential::User>& users, std::size_t page_users,
                       PasswordHashes hashes);

/// Writes, as the member `next`, what `after` is to be for the next page, or null behind the last one.
void write_next(JsonWriter& json, const std::optional<std::string>& next);

/// Writes the session as an object, with its user's name if wanted, and with `expires` if the timeout is
/// known (not 0). Nothing in it grants access.
void write_session(JsonWriter& json, const store::Session& session, std::chrono::milliseconds token_timeout,
                   bool with_user);

}  // namespace latchkey::api
