#include "token/logins_under_way.h"

#include <algorithm>
#include <utility>

#include "latchkey/base/assert.h"

namespace latchkey::token {

namespace {

template <class Matches>
std::shared_ptr<LoginUnderWay> first_of(const std::vector<std::shared_ptr<LoginUnderWay>>& logins,
                                        Matches matches) noexcept {
  const auto found =
      std::find_if(logins.begin(), logins.end(), [&](const auto& one) { return matches(*one); });
  return found == logins.end() ? nullptr : *found;
}

}  // namespace

void LoginUnderWay::finish(Result<Login> result, runtime::ReadyQueue& ready) {
  LATCHKEY_ASSERT(!result_);
  result_.emplace(std::move(result));
  over_.wake_all(ready);
}

LoginsUnderWay::~LoginsUnderWay() { LATCHKEY_ASSERT(logins_.empty()); }

std::shared_ptr<LoginUnderWay> LoginsUnderWay::add(std::int64_t user_id, EntryId entry) {
  LATCHKEY_ASSERT(!is_full());
  return logins_.emplace_back(std::make_shared<LoginUnderWay>(user_id, entry));
}

void LoginsUnderWay::remove(const LoginUnderWay& login) noexcept {
  std::erase_if(logins_, [&login](const auto& one) { return one.get() == &login; });
}

std::shared_ptr<LoginUnderWay> LoginsUnderWay::of_entry(EntryId entry) const noexcept {
  return first_of(logins_, [entry](const LoginUnderWay& one) { return one.entry() == entry; });
}

std::shared_ptr<LoginUnderWay> LoginsUnderWay::of_user(std::int64_t user_id) const noexcept {
  return first_of(logins_, [user_id](const LoginUnderWay& one) { return one.user_id() == user_id; });
}

void LoginsUnderWay::end_all_of(std::int64_t user_id, store::Death reason) noexcept {
  for (const std::shared_ptr<LoginUnderWay>& login : logins_) {
    if (login->user_id() == user_id) login->end(reason);
  }
}

runtime::Task<std::optional<Result<Login>>> LoginsUnderWay::outcome_of(std::shared_ptr<LoginUnderWay> other) {
  const bool was_ended_before = other->is_ended();
  co_await other->wait();
  if (other->is_refused_ || was_ended_before) co_return std::nullopt;
  Result<Login> result = *other->result_;
  if (result) result->is_new = false;
  co_return result;
}

}  // namespace latchkey::token
