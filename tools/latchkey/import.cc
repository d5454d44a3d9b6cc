#include "import.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <utility>

#include "file.h"
#include "hashes_to_store.h"
#include "latchkey/base/clock.h"
#include "latchkey/base/json_writer.h"
#include "latchkey/base/printable.h"
#include "latchkey/base/utf8.h"
#include "latchkey/migration/read_users.h"
#include "output.h"

namespace latchkey::command {

namespace {

using migration::ForeignUser;

/// A request's body has at most this, so that no server's body_limit refuses it.
constexpr std::size_t kBodyBytes = 16'000;
constexpr std::size_t kUserBytes = 12'000;
constexpr std::size_t kMaxPasswdBytes = std::size_t{16} << 20;
constexpr std::string_view kNotUtf8 = "the name or a detail is not valid UTF-8";

/// One user on the way in.
struct Row {
  ForeignUser user;
  std::string outcome;  ///< "refused" and "skipped" are known before the others
  std::string why;
  std::string_view weak{};  ///< the scheme of a hash that is fast to guess
};

void refuse_row(Row& row, std::string_view why) {
  row.outcome = "refused";
  row.why = why;
}

bool is_all_utf8(const ForeignUser& user) {
  bool good = is_utf8(user.name) && is_utf8(user.hash.value_or(""));
  for (const auto* const text : {&user.first_name, &user.last_name, &user.email})
    good = good && is_utf8(text->value_or(""));
  for (const std::string& group : user.groups.value_or(std::vector<std::string>()))
    good = good && is_utf8(group);
  return good;
}

Result<std::vector<ForeignUser>> read_source(const Arguments& arguments) {
  const std::optional<migration::Source> source = migration::source_named(arguments.source);
  if (!source) {
    return failure(ErrorCode::kInvalid, fmt::format("--from takes one of {}", migration::source_names()));
  }
  constexpr std::size_t kFrontBytes = 16;
  if (arguments.file != "-" && migration::is_sqlite(front_of_file(arguments.file, kFrontBytes)))
    return migration::read_django_database(arguments.file, arguments.table);
  migration::ReadOptions options{
      .passwd = {}, .system_users = arguments.system_users, .now = SystemClock().wall()};
  if (!arguments.passwd.empty()) {
    LATCHKEY_TRY(options.passwd, read_file(arguments.passwd, kMaxPasswdBytes));
  }
  LATCHKEY_TRY(const std::string text, read_file(arguments.file, migration::kMaxFileBytes));
  if (migration::is_sqlite(text))
    return failure(ErrorCode::kInvalid, "SQLite's file cannot be read from standard input: name it");
  return migration::read_users(*source, text, options);
}

/// What is known of each user before the directory is asked.
std::vector<Row> rows_of(std::vector<ForeignUser> users, bool only_active) {
  std::vector<Row> rows;
  rows.reserve(users.size());
  for (ForeignUser& user : users) {
    Row row;
    if (!user.why_skipped.empty()) {
      row.outcome = "skipped";
      row.why = user.why_skipped;
    } else if (!user.why_refused.empty()) {
      refuse_row(row, user.why_refused);
    } else if (only_active && user.active == false) {
      row.outcome = "skipped";
      row.why = "the user is not active";
    } else if (!is_all_utf8(user)) {
      refuse_row(row, kNotUtf8);
    } else {
      row.why = user.note;
    }
    row.user = std::move(user);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string json_of(const ForeignUser& user) {
  JsonWriter json;
  json.begin_object();
  json.member("name", user.name);
  if (user.hash) json.member("password_hash", *user.hash);
  if (user.active) json.member("active", *user.active);
  if (user.superuser) json.member("superuser", *user.superuser);
  if (user.first_name) json.member("first_name", *user.first_name);
  if (user.last_name) json.member("last_name", *user.last_name);
  if (user.email) json.member("email", *user.email);
  if (user.groups) {
    json.begin_array("groups");
    for (const std::string& group : *user.groups) json.element(group);
    json.end();
  }
  json.end();
  return json.take();
}

/// Sends the users who are not refused yet.
Result<void> stage(Backend& backend, std::vector<Row>& rows) {
  std::string body;
  std::size_t sent = 0;
  const auto send = [&]() -> Result<void> {
    if (body.empty()) return {};
    LATCHKEY_TRY(const std::string json,
                 ask(backend, {"POST", "/import/users", SecretText("{\"users\":[" + body + "]}")}));
    body.clear();
    // An import belongs to its connection: what went over another one is not in it.
    if (number_member(json, "staged") == sent) return {};
    return failure(
        ErrorCode::kUnavailable,
        "the server closed the connection while the users were sent, and has taken none: try again");
  };
  for (Row& row : rows) {
    if (!row.outcome.empty()) continue;
    const std::string user = json_of(row.user);
    if (user.size() > kUserBytes) {
      refuse_row(row, "the name, the details and the groups take more room than a user may have");
      continue;
    }
    if (body.size() + user.size() > kBodyBytes) LATCHKEY_TRY(send());
    if (!body.empty()) body += ',';
    body += user;
    ++sent;
  }
  return send();
}

/// Takes the outcomes of the users who were sent.
Result<void> take_outcomes(Backend& backend, std::vector<Row>& rows) {
  std::vector<std::string> page;
  std::size_t taken = 0;
  std::size_t at = 0;
  for (Row& row : rows) {
    if (!row.outcome.empty()) continue;
    if (at == page.size()) {
      LATCHKEY_TRY(const std::string json,
                   ask(backend, {"GET", fmt::format("/import/outcomes?after={}", taken), SecretText()}));
      page = read_page(json, "outcomes").elements;
      at = 0;
      if (page.empty())
        return failure(ErrorCode::kUnavailable, "the server does not say what became of all users");
    }
    row.outcome = text_member(page[at], "outcome");
    const std::string why = text_member(page[at], "why");
    if (!why.empty()) row.why = why;
    ++at;
    ++taken;
  }
  return {};
}

struct Counts {
  std::map<std::string, std::size_t, std::less<>> by_outcome;
  std::size_t of(std::string_view outcome) const {
    const auto found = by_outcome.find(outcome);
    return found == by_outcome.end() ? 0 : found->second;
  }
};

Counts count(const std::vector<Row>& rows) {
  Counts counts;
  for (const Row& row : rows) ++counts.by_outcome[row.outcome];
  return counts;
}

/// How many hashes that are fast to guess are stored, by their schemes.
std::map<std::string, std::size_t> count_weak(const std::vector<Row>& rows) {
  std::map<std::string, std::size_t> weak;
  for (const Row& row : rows) {
    if (!row.weak.empty() && (row.outcome == "added" || row.outcome == "updated"))
      ++weak[std::string(row.weak)];
  }
  return weak;
}

constexpr std::array<std::string_view, 5> kOutcomes = {"added", "updated", "kept", "refused", "skipped"};

std::string text_of(const std::vector<Row>& rows, const Counts& counts, const Arguments& arguments,
                    const std::string& place) {
  std::string out;
  for (const Row& row : rows) {
    out += fmt::format("{:<8} {}", row.outcome, printable(row.user.name));
    if (row.outcome == "refused" || row.outcome == "skipped" || row.user.name.empty())
      out += fmt::format(" ({})", row.user.where);
    out += row.why.empty() ? "\n" : fmt::format(": {}\n", printable(row.why));
  }
  std::string sums;
  for (const std::string_view outcome : kOutcomes)
    sums += fmt::format("{}{} {}", sums.empty() ? "" : ", ", counts.of(outcome), outcome);
  return out + (arguments.dry_run ? fmt::format("nothing was done {}; without --dry-run: {}\n", place, sums)
                                  : fmt::format("{}: {}\n", place, sums));
}

/// What an administrator should know of the hashes.
std::string notes_of(std::string_view reply, const std::map<std::string, std::size_t>& weak, bool dry_run) {
  std::string out;
  if (!weak.empty()) {
    std::string kinds;
    std::size_t all = 0;
    for (const auto& [kind, number] : weak) {
      kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", number, kind);
      all += number;
    }
    out += fmt::format(
        "{} {} fast to guess ({}): Argon2id of {} is stored in its place, and the user's first login replaces that\n",
        all, all == 1 ? "hash is" : "hashes are", kinds, all == 1 ? "it" : "each");
    if (weak.contains("des")) {
      out +=
          "DES sees 8 characters of a password: a login with a longer one does not replace the hash; set those "
          "users' passwords anew\n";
    }
  }
  const std::uint64_t before = number_member(reply, "refusal_step_before_ms");
  const std::uint64_t after = number_member(reply, "refusal_step_ms");
  if (after > before) {
    out += fmt::format(
        "a refused login {} {} ms, and not {} ms as before, as long as the dearest of these hashes is there: logins "
        "replace them, and the next start after the last has a shorter step\n",
        dry_run ? "would take" : "takes", after, before);
  }
  if (const std::uint64_t ended = number_member(reply, "ended_tokens"); ended > 0)
    out += fmt::format("{} {} of updated users ended\n", ended, ended == 1 ? "token" : "tokens");
  return out;
}

std::string json_of(const std::vector<Row>& rows, const Counts& counts, std::string_view reply,
                    const std::map<std::string, std::size_t>& weak, bool dry_run) {
  JsonWriter json;
  json.begin_object();
  json.begin_array("users");
  for (const Row& row : rows) {
    json.begin_object();
    json.member("name", row.user.name);
    json.member("where", row.user.where);
    json.member("outcome", row.outcome);
    json.member("why", row.why);
    json.end();
  }
  json.end();
  for (const std::string_view outcome : kOutcomes) json.member(outcome, counts.of(outcome));
  json.begin_object("wrapped");
  for (const auto& [kind, number] : weak) json.member(kind, number);
  json.end();
  for (const char* const name : {"ended_tokens", "refusal_step_before_ms", "refusal_step_ms"})
    json.member(name, number_member(reply, name));
  json.member("dry_run", dry_run);
  json.end();
  return json.take() + "\n";
}

}  // namespace

int import_users(const Arguments& arguments) {
  // The file is read before anything is opened: root may read one that the data's owner may not.
  Result<std::vector<ForeignUser>> users = read_source(arguments);
  if (!users) return refuse(fmt::format("{}: {}", arguments.file, users.error().text));
  std::vector<Row> rows = rows_of(std::move(*users), arguments.only_active);
  HashesToStore hashes(arguments.dry_run);
  for (Row& row : rows) {
    if (!row.outcome.empty() || !row.user.hash) continue;
    const Result<std::string_view> weak = hashes.add(*row.user.hash);
    if (!weak) refuse_row(row, weak.error().text);
    row.weak = weak.value_or(std::string_view());
  }
  if (const Result<void> made = hashes.make(); !made) return refuse(made.error().text);

  Result<std::unique_ptr<Backend>> backend = backend_for(arguments);
  if (!backend) return refuse(backend.error().text);
  if (const Result<void> staged = stage(**backend, rows); !staged) return refuse(staged.error().text);
  const std::string rules =
      fmt::format("{{\"update\":{},\"dry_run\":{}}}", arguments.update, arguments.dry_run);
  const Result<std::string> reply = ask(**backend, {"POST", "/import/commit", SecretText(rules)});
  if (!reply) return refuse(reply.error().text);
  if (const Result<void> taken = take_outcomes(**backend, rows); !taken) return refuse(taken.error().text);

  const Counts counts = count(rows);
  const std::map<std::string, std::size_t> weak = count_weak(rows);
  if (arguments.json) {
    fmt::print("{}", json_of(rows, counts, *reply, weak, arguments.dry_run));
  } else {
    fmt::print("{}{}", text_of(rows, counts, arguments, (*backend)->place()),
               notes_of(*reply, weak, arguments.dry_run));
  }
  return counts.of("refused") == 0 ? kExitDone : kExitInPart;
}

}  // namespace latchkey::command
