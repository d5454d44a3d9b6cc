#include "clients.h"

#include <optional>
#include <utility>

#include "latchkey/api/profile_parts.h"
#include "report.h"

namespace latchkey::sim {

using credential::User;
using runtime::Task;

std::string password_hash(std::uint64_t number) { return "password-" + std::to_string(number); }

Task<void> log_in(Place place, std::int64_t user_id, std::string name, store::BindingHash binding,
                  std::string password) {
  const RequestId id = place.model.begin(Request(Request::Kind::kLogin, user_id, {}, binding));
  const auto fail = [&](Error error) {
    place.model.login_answered(id, tl::unexpected<Error>(std::move(error)), 0);
  };
  auto finding = place.process.directory(place.core).find(name);
  const Result<std::optional<User>> found = co_await finding;
  if (!found) {
    fail(found.error());
    co_return;
  }
  HashJob hashing = place.process.hash(place.core);
  const Result<void> hashed = co_await hashing;
  if (!hashed) {
    fail(hashed.error());
    co_return;
  }
  const User user = found->value_or(User{});
  const bool is_right = password.empty() || user.password_hash == password;
  if (!is_right || !user.active) {
    fail({ErrorCode::kNotFound, "wrong"});
    co_return;
  }
  token::LoginRequest request;
  request.user_id = user.id;
  request.password_number = user.password_number;
  request.user_name = user.name;
  request.binding = binding;
  auto logging_in = place.process.sessions(place.core).login(std::move(request));
  const Result<token::Login> login = co_await logging_in;
  place.model.login_answered(id, login, user.password_number);
}

Task<void> log_out(Place place, std::int64_t user, token::Token token, store::BindingHash binding) {
  const RequestId id = place.model.begin(Request(Request::Kind::kEnd, user, token, binding));
  auto ending = place.process.sessions(place.core).end(token, binding);
  const Result<bool> ended = co_await ending;
  place.model.end_answered(id, ended);
}

Task<void> end_listed(Place place, std::int64_t user) {
  auto listing = place.process.store(place.core).newest_sessions_of(user, store::kMaxRowId, 3);
  const Result<std::vector<store::Session>> listed = co_await listing;
  if (!listed || listed->empty()) co_return;
  const store::Session session = listed->back();
  const token::Token token = place.process.token_of(session);
  const RequestId id = place.model.begin(Request(Request::Kind::kEnd, user, token, session.binding));
  auto ending = place.process.sessions(place.core).end_session(session);
  const Result<bool> ended = co_await ending;
  if (ended && !*ended) {
    place.model.nothing_ended(id);  // 404
  } else {
    place.model.end_answered(id, ended);
  }
}

namespace {

/// While one exists, and when it begins and ends, the user's logins may be cancelled.
class Upset {
 public:
  Upset(Model& model, std::int64_t user) : model_(model), user_(user) { model_.upset_begins(user_); }
  ~Upset() { model_.upset_ends(user_); }
  Upset(const Upset&) = delete;
  Upset& operator=(const Upset&) = delete;

 private:
  Model& model_;
  const std::int64_t user_;
};

Task<bool> end_all_but(Place place, std::int64_t user, store::Death reason,
                       std::optional<token::Token> kept) {
  Request request(Request::Kind::kEndAll, user, kept.value_or(token::Token()), {});
  request.reason = reason;
  const RequestId id = place.model.begin(std::move(request));
  auto ending = place.process.sessions(place.core).end_all_but(kept, user, reason);
  const Result<std::size_t> ended = co_await ending;
  place.model.end_all_answered(id, ended);
  co_return ended.has_value();
}

}  // namespace

Task<void> end_all(Place place, std::int64_t user, store::Death reason) {
  const Upset upset(place.model, user);
  auto ending = end_all_but(place, user, reason, std::nullopt);
  co_await ending;
}

Task<void> set_password(Place place, std::int64_t user, std::string password) {
  const Upset upset(place.model, user);
  auto finding = place.process.directory(place.core).find_by_id(user);
  const Result<std::optional<User>> found = co_await finding;
  if (!found || !*found) co_return;
  const std::int64_t number = (*found)->password_number;
  auto setting = place.process.directory(place.core).set_password_hash(user, std::move(password));
  const Result<bool> set = co_await setting;
  if (!set || !*set) co_return;
  auto ending = end_all_but(place, user, store::Death::kDeleted, std::nullopt);
  const bool ended = co_await ending;
  if (ended) place.model.password_changed(user, number + 1);
}

Task<void> change_password(Place place, std::int64_t user, token::Token kept, std::string password) {
  const Upset upset(place.model, user);
  auto finding = place.process.directory(place.core).find_by_id(user);
  const Result<std::optional<User>> found = co_await finding;
  if (!found || !*found) co_return;
  const std::int64_t number = (*found)->password_number;
  auto setting = place.process.directory(place.core).change_password_hash(user, number, std::move(password));
  const Result<bool> set = co_await setting;
  if (!set || !*set) co_return;
  auto ending = end_all_but(place, user, store::Death::kDeleted, kept);
  const bool ended = co_await ending;
  if (ended) place.model.password_changed(user, number + 1);
}

Task<void> change_profile(Place place, std::int64_t user, std::string email) {
  ProfileModel& profiles = place.model.profiles();
  const RequestId id = place.model.begin(Request(Request::Kind::kProfile, user, {}, {}));
  profiles.asked(user, email);
  credential::user_table::DetailChange change;
  change.email = email;
  auto changing = place.process.directory(place.core).change_details(user, std::move(change));
  const Result<User> changed = co_await changing;
  if (!changed) {
    if (place.model.is_watching()) profiles.refused(user, email);
    place.model.profile_answered(id, 0, tl::unexpected<Error>(changed.error()));
    co_return;
  }
  const std::int64_t number = changed->profile_number;
  if (place.model.is_watching()) profiles.written(user, email, number);
  auto telling = place.process.sessions(place.core).set_profile(user, api::profile_parts(*changed));
  const Result<bool> told = co_await telling;
  place.model.profile_answered(id, number, told);
}

Task<void> disable(Place place, std::int64_t user) {
  const Upset upset(place.model, user);
  const std::uint64_t enabled_before = place.model.times_enabled(user);
  auto setting = place.process.directory(place.core).set_active(user, false);
  const Result<bool> set = co_await setting;
  if (!set || !*set) co_return;
  auto ending = end_all_but(place, user, store::Death::kInactive, std::nullopt);
  const bool ended = co_await ending;
  if (ended) place.model.disabled(user, enabled_before);
}

Task<void> enable(Place place, std::int64_t user) {
  place.model.enabling(user);
  auto setting = place.process.directory(place.core).set_active(user, true);
  co_await setting;
  place.model.enabled(user);
}

}  // namespace latchkey::sim
