// How users of another program are taken in, all in one transaction, and how users are taken out.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "api/admin_json.h"
#include "latchkey/api/admin.h"
#include "latchkey/api/log_room.h"
#include "latchkey/api/profile_parts.h"
#include "latchkey/base/json_writer.h"
#include "latchkey/credential/hash_scheme.h"
#include "latchkey/runtime/await.h"

namespace latchkey::api {

using credential::ImportedAs;
using credential::ImportedUser;
using credential::ImportOutcome;
using credential::ImportResult;
using credential::User;
using runtime::Task;

namespace {

/// Each further kind of hash (hash_kind) takes a measurement (C-14).
constexpr std::size_t kMaxImportedKinds = 64;

ImportedUser imported(AdminBody body) {
  return {.name = std::move(body.name).value_or(""),
          .password_hash = std::move(body.password_hash),
          .active = body.active,
          .superuser = body.superuser,
          .first_name = std::move(body.first_name),
          .last_name = std::move(body.last_name),
          .email = std::move(body.email),
          .groups = std::move(body.groups)};
}

/// What a string takes beside its text.
constexpr std::size_t kStringBytes = sizeof(std::string);

std::size_t bytes_of(const ImportedUser& user) {
  std::size_t bytes = sizeof user + user.name.size();
  for (const auto* const text : {&user.password_hash, &user.first_name, &user.last_name, &user.email})
    bytes += *text ? (*text)->size() : 0;
  if (!user.groups) return bytes;
  for (const std::string& group : *user.groups) bytes += kStringBytes + group.size();
  return bytes;
}

/// A hash of each kind, of the users who get one.
std::vector<std::string> one_of_each_kind(const std::vector<ImportedUser>& users,
                                          const std::vector<ImportedAs>& planned) {
  std::vector<std::string_view> kinds;
  std::vector<std::string> hashes;
  for (std::size_t i = 0; i < users.size(); ++i) {
    const ImportedUser& user = users[i];
    const bool is_written =
        planned[i].outcome == ImportOutcome::kAdded || planned[i].outcome == ImportOutcome::kUpdated;
    if (!user.password_hash || !is_written) continue;
    const Result<std::string_view> kind = credential::hash_kind(*user.password_hash);
    if (!kind || std::find(kinds.begin(), kinds.end(), *kind) != kinds.end()) continue;
    kinds.push_back(*kind);
    hashes.push_back(*user.password_hash);
    if (kinds.size() > kMaxImportedKinds) break;
  }
  return hashes;
}

std::optional<SessionEnd> counted_as(const std::optional<store::Death>& end) noexcept {
  if (!end) return std::nullopt;
  return *end == store::Death::kInactive ? SessionEnd::kDisabled : SessionEnd::kPassword;
}

std::size_t count(const std::vector<ImportedAs>& outcomes, ImportOutcome outcome) {
  return static_cast<std::size_t>(
      std::count_if(outcomes.begin(), outcomes.end(),
                    [outcome](const ImportedAs& user) { return user.outcome == outcome; }));
}

}  // namespace

Result<AdminReply> Admin::stage(std::string_view body, StagedImport& staged) {
  LATCHKEY_TRY(std::vector<AdminBody> users, read_import_body(body));
  for (AdminBody& user : users) {
    staged.users.push_back(imported(std::move(user)));
    staged.bytes += bytes_of(staged.users.back());
  }
  if (staged.users.size() > credential::kMaxImportedUsers || staged.bytes > kMaxStagedBytes) {
    staged = {};
    return failure(ErrorCode::kInvalid,
                   fmt::format("an import has at most {} users and {} MiB: split the file",
                               credential::kMaxImportedUsers, kMaxStagedBytes >> 20));
  }
  JsonWriter json;
  json.begin_object();
  json.member("staged", staged.users.size());
  json.end();
  return AdminReply{200, json.take()};
}

// Measured before any user has one of the hashes: from then on, a refused login takes as long (C-14).
Task<Result<Admin::ImportSteps>> Admin::measure_kinds(std::vector<std::string> hashes, bool dry_run) {
  if (hashes.size() > kMaxImportedKinds) {
    co_return failure(
        ErrorCode::kInvalid,
        fmt::format("the hashes are of more than {} kinds (schemes with their costs), each of which "
                    "would have to be measured: split the file",
                    kMaxImportedKinds));
  }
  ImportSteps steps{services_.hasher.pool().refusal_step().ms(), services_.hasher.pool().refusal_step().ms()};
  for (std::string& hash : hashes) {
    if (dry_run) {
      LATCHKEY_CO_TRY(const std::int64_t ms, services_.hasher.step_for(std::move(hash), services_.clock));
      steps.after_ms = std::max(steps.after_ms, ms);
    } else {
      LATCHKEY_CO_TRY(services_.hasher.measure(std::move(hash), services_.clock));
      steps.after_ms = services_.hasher.pool().refusal_step().ms();
    }
  }
  co_return steps;
}

Task<Result<AdminReply>> Admin::import_staged(SecretText body, LogRoom room, StagedImport& staged) {
  LATCHKEY_CO_TRY_NOW(const ImportBody read, read_import_rules(body.view()));
  credential::ImportRules rules{.update = read.update,
                                .dry_run = true,
                                .unusable_hash = services_.hasher.pool().dummy_hash(),
                                .now = services_.clock.wall()};
  LATCHKEY_CO_TRY(ImportResult done, services_.directory.import_users(staged.users, rules));
  LATCHKEY_CO_TRY(const ImportSteps steps,
                  measure_kinds(one_of_each_kind(staged.users, done.users), read.dry_run));
  rules.dry_run = read.dry_run;
  if (!rules.dry_run) {
    LATCHKEY_CO_TRY(done, services_.directory.import_users(staged.users, rules));
  }
  staged.outcomes = std::move(done.users);
  const std::size_t added = count(staged.outcomes, ImportOutcome::kAdded);
  const std::size_t updated = count(staged.outcomes, ImportOutcome::kUpdated);
  const std::size_t kept = count(staged.outcomes, ImportOutcome::kKept);
  const std::size_t refused = count(staged.outcomes, ImportOutcome::kRefused);
  TokenEffects effects;
  if (!rules.dry_run) {
    LogEvent(std::move(room), LogLevel::kInfo, "admin.users_imported")
        .field("added", added)
        .field("updated", updated)
        .field("kept", kept)
        .field("refused", refused);
    for (credential::ImportEffect& effect : done.effects)
      effects.users.push_back(
          {.user_id = effect.user.id,
           .end = counted_as(effect.end),
           .profile = effect.has_other_profile ? std::optional(profile_parts(effect.user)) : std::nullopt});
    LATCHKEY_CO_TRY(apply(effects, "the users are imported"));
  }
  JsonWriter json;
  json.begin_object();
  json.member("added", added);
  json.member("updated", updated);
  json.member("kept", kept);
  json.member("refused", refused);
  json.member("ended_tokens", effects.ended);
  json.member("refusal_step_before_ms", steps.before_ms);
  json.member("refusal_step_ms", steps.after_ms);
  json.end();
  co_return AdminReply{200, json.take()};
}

Result<AdminReply> Admin::list_outcomes(const StagedImport& staged, std::string_view after) {
  const std::optional<std::int64_t> from = number_of(after);
  if (!from || *from < 0) return failure(ErrorCode::kInvalid, "`after` is no number");
  const auto first = std::min(static_cast<std::size_t>(*from), staged.outcomes.size());
  const std::size_t end = std::min(first + kOutcomesPerPage, staged.outcomes.size());
  JsonWriter json;
  json.begin_object();
  json.begin_array("outcomes");
  for (std::size_t i = first; i < end; ++i) {
    json.begin_object();
    json.member("outcome", credential::name_of(staged.outcomes[i].outcome));
    json.member("why", staged.outcomes[i].why);
    json.end();
  }
  json.end();
  json.end();
  return AdminReply{200, json.take()};
}

Task<Result<AdminReply>> Admin::export_users(std::string after, LogRoom room) {
  LATCHKEY_CO_TRY(const std::vector<User> users, services_.directory.list(std::move(after), kUsersPerPage));
  LogEvent(std::move(room), LogLevel::kInfo, "admin.users_exported").field("users", users.size());
  co_return AdminReply{200, users_page(users, kUsersPerPage, PasswordHashes::kShown)};
}

}  // namespace latchkey::api
