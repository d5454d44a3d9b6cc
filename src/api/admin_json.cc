#include "api/admin_json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <iterator>

#include "latchkey/base/json_writer.h"
#include "latchkey/base/scrub.h"
#include "latchkey/base/time_text.h"

namespace latchkey::api {

namespace {

/// Lists in an object, in a list, in an object. simdjson counts the top as a level.
constexpr std::size_t kMaxDepth = 5;

/// A parser that wipes its copies of a body.
class WipingParser {
 public:
  explicit WipingParser(std::string_view body) : body_bytes_(body.size()) {
    source_.reserve(body.size() + simdjson::SIMDJSON_PADDING);
    source_ = body;
  }
  WipingParser(const WipingParser&) = delete;
  WipingParser& operator=(const WipingParser&) = delete;
  ~WipingParser() {
    wipe(source_.data(), source_.size());
    // These are the sizes of the document's buffers, if it made any (simdjson's document::allocate). The tape
    // holds numbers.
    if (parser_.doc.string_buf)
      wipe(parser_.doc.string_buf.get(), 5 * body_bytes_ / 3 + simdjson::SIMDJSON_PADDING);
    if (parser_.doc.tape) wipe(parser_.doc.tape.get(), (body_bytes_ + 3) * sizeof(std::uint64_t));
  }

  simdjson::simdjson_result<simdjson::dom::object> parse() {
    if (const simdjson::error_code refused = parser_.allocate(source_.size(), kMaxDepth)) return refused;
    return parser_.parse(source_.data(), source_.size(), false).get_object();
  }

 private:
  std::size_t body_bytes_;
  std::string source_;
  simdjson::dom::parser parser_;
};

tl::unexpected<Error> wrong(std::string_view what) {
  return failure(ErrorCode::kInvalid, fmt::format("the request's body {}", what));
}

/// Where the text of this member goes, or null if there is no such member.
std::string* text_of(AdminBody& body, std::string_view name) {
  if (name == "name") return &body.name.emplace();
  if (name == "password_hash") return &body.password_hash.emplace();
  if (name == "first_name") return &body.first_name.emplace();
  if (name == "last_name") return &body.last_name.emplace();
  if (name == "email") return &body.email.emplace();
  return nullptr;
}

/// The same for a list.
std::vector<std::string>* list_of(AdminBody& body, std::string_view name) {
  if (name == "groups") return &body.groups.emplace();
  if (name == "add") return &body.add;
  if (name == "remove") return &body.remove;
  return nullptr;
}

Result<void> take_list(std::vector<std::string>& list, std::string_view name, simdjson::dom::element value) {
  simdjson::dom::array elements;
  bool is_list = value.get_array().get(elements) == simdjson::SUCCESS;
  if (is_list) {
    for (const simdjson::dom::element element : elements) {
      std::string_view text;
      is_list = is_list && element.get_string().get(text) == simdjson::SUCCESS;
      list.emplace_back(text);
    }
  }
  if (!is_list) return wrong(fmt::format("has a '{}' that is no list of texts", name));
  return {};
}

Result<void> take_truth(bool& truth, std::string_view name, simdjson::dom::element value) {
  if (value.get_bool().get(truth) == simdjson::SUCCESS) return {};
  return wrong(fmt::format("has a '{}' that is no boolean", name));
}

Result<void> take_member(AdminBody& body, std::string_view name, simdjson::dom::element value) {
  if (name == "superuser") return take_truth(body.superuser.emplace(), name, value);
  if (name == "active") return take_truth(body.active.emplace(), name, value);
  if (std::vector<std::string>* const list = list_of(body, name)) return take_list(*list, name, value);
  std::string_view text;
  const bool is_text = value.get_string().get(text) == simdjson::SUCCESS;
  if (name == "password" && is_text) {
    body.password.emplace(text);
    return {};
  }
  std::string* const target = text_of(body, name);
  if (target == nullptr && name != "password") return wrong(fmt::format("has an unknown member '{}'", name));
  if (!is_text) return wrong(fmt::format("has a '{}' that is no text", name));
  *target = text;
  return {};
}

Result<AdminBody> read_members(const simdjson::dom::object& object) {
  AdminBody read;
  for (const auto& member : object) {
    LATCHKEY_TRY(take_member(read, member.key, member.value));
  }
  return read;
}

/// Parses `body`, and returns what `read` makes of its object.
template <class Read>
auto with_object(std::string_view body, Read read) -> decltype(read(simdjson::dom::object())) {
  if (body.size() > kMaxAdminBodyBytes)
    return wrong(fmt::format("has more than {} bytes", kMaxAdminBodyBytes));
  WipingParser parser(body);
  simdjson::dom::object object;
  if (body.empty() || parser.parse().get(object) != simdjson::SUCCESS) return wrong("is no JSON object");
  return read(object);
}

[[gnu::noinline]] Result<AdminBody> parse_admin_body(std::string_view body) {
  return with_object(body, read_members);
}

Result<std::vector<AdminBody>> read_users(const simdjson::dom::object& object) {
  simdjson::dom::array elements;
  if (object["users"].get_array().get(elements) != simdjson::SUCCESS) return wrong("has no list 'users'");
  std::vector<AdminBody> users;
  for (const simdjson::dom::element element : elements) {
    simdjson::dom::object user;
    if (element.get_object().get(user) != simdjson::SUCCESS) return wrong("has a user that is no object");
    LATCHKEY_TRY(AdminBody read, read_members(user));
    if (read.password || !read.add.empty() || !read.remove.empty())
      return wrong("has a user with a password, or with groups to add or remove: an import takes none");
    users.push_back(std::move(read));
  }
  return users;
}

}  // namespace

Result<AdminBody> read_admin_body(std::string_view body) {
  Result<AdminBody> read = parse_admin_body(body);
  scrub_stack<kParserStackBytes>();
  return read;
}

Result<std::vector<AdminBody>> read_import_body(std::string_view body) {
  return with_object(body, read_users);
}

Result<ImportBody> read_import_rules(std::string_view body) {
  return with_object(body, [](const simdjson::dom::object& object) -> Result<ImportBody> {
    ImportBody read;
    if (object["update"].get_bool().get(read.update) != simdjson::SUCCESS ||
        object["dry_run"].get_bool().get(read.dry_run) != simdjson::SUCCESS) {
      return wrong("lacks 'update' or 'dry_run'");
    }
    return read;
  });
}

Result<KeyBody> read_key_body(std::string_view body) {
  return with_object(body, [](const simdjson::dom::object& object) -> Result<KeyBody> {
    KeyBody read;
    std::string_view fingerprint;
    if (object["fingerprint"].get_string().get(fingerprint) != simdjson::SUCCESS ||
        object["signing"].get_int64().get(read.signing) != simdjson::SUCCESS) {
      return wrong("lacks 'fingerprint' or 'signing'");
    }
    read.fingerprint = fingerprint;
    return read;
  });
}

void write_groups(JsonWriter& json, const credential::User& user) {
  json.begin_array("groups");
  for (const std::string& group : user.groups) json.element(group);
  json.end();
}

void write_user_members(JsonWriter& json, const credential::User& user) {
  json.member("id", user.id);
  json.member("name", user.name);
  json.member("active", user.active);
  json.member("superuser", user.superuser);
  json.member("first_name", user.first_name);
  json.member("last_name", user.last_name);
  json.member("email", user.email);
  json.member("created", to_rfc3339(user.created));
  write_groups(json, user);
}

std::string users_page(const std::vector<credential::User>& users, std::size_t page_users,
                       PasswordHashes hashes) {
  JsonWriter json;
  json.begin_object();
  json.begin_array("users");
  for (const credential::User& user : users) {
    json.begin_object();
    write_user_members(json, user);
    if (hashes == PasswordHashes::kShown) json.member("password_hash", user.password_hash);
    json.end();
  }
  json.end();
  write_next(json, users.size() == page_users ? std::optional(users.back().name) : std::nullopt);
  json.end();
  return json.take();
}

void write_next(JsonWriter& json, const std::optional<std::string>& next) {
  if (next) {
    json.member("next", *next);
  } else {
    json.member("next", nullptr);
  }
}

void write_session(JsonWriter& json, const store::Session& session, std::chrono::milliseconds token_timeout,
                   bool with_user) {
  json.begin_object();
  if (with_user) json.member("user", session.user_name);
  json.member("row", session.row);
  json.member("created", to_rfc3339(session.created));
  json.member("last_used", to_rfc3339(session.last_used));
  if (token_timeout.count() != 0) json.member("expires", to_rfc3339(session.last_used + token_timeout));
  json.member("address", session.address);
  json.member("agent", session.agent);
  json.end();
}

}  // namespace latchkey::api
