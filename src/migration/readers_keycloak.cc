// A realm's export of Keycloak, with its users. Each has its password's hash in two texts that are JSON
// themselves.
#include <fmt/format.h>
#include <simdjson.h>
#include <sodium.h>

#include <array>
#include <utility>

#include "latchkey/base/utf8.h"
#include "migration/json_values.h"
#include "migration/readers.h"

namespace latchkey::migration {

namespace {

using simdjson::SUCCESS;
using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::size_t kMaxPartBytes = 256;

struct Bytes {
  std::array<unsigned char, kMaxPartBytes> bytes{};
  std::size_t size = 0;
};

bool decode(std::string_view text, Bytes& out) noexcept {
  const char* end = nullptr;
  return is_ascii(text) &&
         sodium_base642bin(out.bytes.data(), out.bytes.size(), text.data(), text.size(), nullptr, &out.size,
                           &end, sodium_base64_VARIANT_ORIGINAL) == 0 &&
         end == text.data() + text.size();
}

/// Base64 without padding, and with `dot` for `+` if that is wanted.
std::string encoded(const Bytes& of, std::size_t most, bool dot) {
  const std::size_t size = std::min(of.size, most);
  std::array<char, 2 * kMaxPartBytes> text{};
  sodium_bin2base64(text.data(), text.size(), of.bytes.data(), size,
                    sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
  std::string out(text.data());
  if (dot) std::replace(out.begin(), out.end(), '+', '.');
  return out;
}

struct Credential {
  Bytes salt;
  Bytes digest;
  std::string algorithm;
  std::int64_t iterations = 0;
  std::string memory, lanes, version, type;  ///< of Argon2
};

/// The first text of a list: `"memory": ["7168"]`.
std::string first_of(const object& parameters, std::string_view name) {
  std::string_view text;
  if (parameters[name].at(0).get_string().get(text) != SUCCESS) return {};
  return std::string(text);
}

bool read_secret(std::string_view json, Credential& credential) {
  simdjson::dom::parser parser;
  object secret;
  if (parser.parse(json.data(), json.size()).get_object().get(secret) != SUCCESS) return false;
  return decode(text_member(secret, "value").value_or("-"), credential.digest) &&
         decode(text_member(secret, "salt").value_or("-"), credential.salt);
}

bool read_data(std::string_view json, Credential& credential) {
  simdjson::dom::parser parser;
  object data;
  if (parser.parse(json.data(), json.size()).get_object().get(data) != SUCCESS) return false;
  credential.algorithm = text_member(data, "algorithm").value_or("");
  object parameters;
  if (data["additionalParameters"].get_object().get(parameters) == SUCCESS) {
    credential.memory = first_of(parameters, "memory");
    credential.lanes = first_of(parameters, "parallelism");
    credential.version = first_of(parameters, "version");
    credential.type = first_of(parameters, "type");
  }
  return data["hashIterations"].get_int64().get(credential.iterations) == SUCCESS;
}

/// In the spelling that is read elsewhere too. Keycloak's PBKDF2 makes more bytes than its hash function
/// does; those of the first block say all.
Result<std::string> spelled(const Credential& of) {
  constexpr std::size_t kSha1 = 20;
  constexpr std::size_t kSha256 = 32;
  constexpr std::size_t kSha512 = 64;
  const auto pbkdf2 = [&of](std::string_view name, std::size_t bytes) {
    return fmt::format("${}${}${}${}", name, of.iterations, encoded(of.salt, kMaxPartBytes, true),
                       encoded(of.digest, bytes, true));
  };
  if (of.algorithm == "pbkdf2") return pbkdf2("pbkdf2", kSha1);
  if (of.algorithm == "pbkdf2-sha256") return pbkdf2("pbkdf2-sha256", kSha256);
  if (of.algorithm == "pbkdf2-sha512") return pbkdf2("pbkdf2-sha512", kSha512);
  if (of.algorithm == "argon2" && (of.type == "id" || of.type == "i") && of.version == "1.3") {
    return fmt::format("$argon2{}$v=19$m={},t={},p={}${}${}", of.type, of.memory, of.iterations, of.lanes,
                       encoded(of.salt, kMaxPartBytes, false), encoded(of.digest, kMaxPartBytes, false));
  }
  return failure(
      ErrorCode::kInvalid,
      "its password has an algorithm that is not read; pbkdf2, pbkdf2-sha256, pbkdf2-sha512 and argon2 "
      "(1.3, i or id) are: set the password anew");
}

void take_password(const object& from, ForeignUser& user) {
  array credentials;
  if (from["credentials"].get_array().get(credentials) == SUCCESS) {
    for (const element of : credentials) {
      object credential;
      if (of.get_object().get(credential) != SUCCESS || text_member(credential, "type") != "password")
        continue;
      Credential read;
      if (!read_secret(text_member(credential, "secretData").value_or(""), read) ||
          !read_data(text_member(credential, "credentialData").value_or(""), read)) {
        user.why_refused =
            "its password's secretData or credentialData cannot be read: see whether the export has "
            "them, as `kc.sh export` writes and the console does not";
        return;
      }
      Result<std::string> hash = spelled(read);
      if (hash) {
        user.hash = std::move(*hash);
      } else {
        user.why_refused = hash.error().text;
      }
      return;
    }
  }
  user.active = false;
  user.note = "disabled: Keycloak has no password of this user, who came by federation or another provider";
}

/// A path such as `/staff/night` names the group by all of it but the first stroke.
void take_groups(const object& from, ForeignUser& user) {
  array elements;
  if (from["groups"].get_array().get(elements) != SUCCESS) return;
  user.groups.emplace();
  for (const element of : elements) {
    std::string_view path;
    if (of.get_string().get(path) != SUCCESS) continue;
    if (path.starts_with('/')) path.remove_prefix(1);
    user.groups->emplace_back(path);
  }
}

}  // namespace

Users read_keycloak(std::string_view text, const ReadOptions& /*options*/) {
  simdjson::dom::parser parser;
  object realm;
  array elements;
  if (const auto error = parser.parse(text.data(), text.size()).get_object().get(realm))
    return no_json(error);
  if (realm["users"].get_array().get(elements) != SUCCESS) {
    return failure(ErrorCode::kInvalid,
                   "the realm's export has no users: make it with `kc.sh export --users realm_file`");
  }
  std::vector<ForeignUser> users;
  std::size_t number = 0;
  for (const element of : elements) {
    object from;
    ++number;
    if (!has_room(users.size())) break;
    if (of.get_object().get(from) != SUCCESS) continue;
    ForeignUser user;
    user.where = fmt::format("user {}", number);
    user.name = text_member(from, "username").value_or("");
    user.active = truth_member(from, "enabled");
    user.first_name = text_member(from, "firstName");
    user.last_name = text_member(from, "lastName");
    user.email = text_member(from, "email");
    if (text_member(from, "serviceAccountClientId"))
      user.why_skipped = "it is the account of a client, not a person";
    take_groups(from, user);
    take_password(from, user);
    users.push_back(std::move(user));
  }
  return users;
}

}  // namespace latchkey::migration
