#include "profile_model.h"

#include <algorithm>

#include "report.h"

namespace latchkey::sim {

void ProfileModel::asked(std::int64_t user, const std::string& email) {
  users_[user].under_way.insert(email);
}

void ProfileModel::refused(std::int64_t user, const std::string& email) {
  auto& under_way = users_[user].under_way;
  if (const auto found = under_way.find(email); found != under_way.end()) under_way.erase(found);
}

void ProfileModel::written(std::int64_t user, const std::string& email, std::int64_t number) {
  refused(user, email);
  std::int64_t& latest = users_[user].numbers[email];
  latest = std::max(latest, number);
  Report::trace("  the profile of user {} is '{}', number {}", user, email, number);
}

void ProfileModel::answered(std::int64_t user, std::int64_t number) {
  std::int64_t& promised = users_[user].promised;
  promised = std::max(promised, number);
}

void ProfileModel::checked(std::int64_t id, const std::string& email) const {
  const auto of_user = users_.find(id);
  if (of_user == users_.end()) {
    if (!email.empty()) Report::broken("user {} has the profile '{}', which nobody gave", id, email);
    return;
  }
  const User& user = of_user->second;
  if (user.under_way.contains(email)) return;
  const auto number = user.numbers.find(email);
  if (number == user.numbers.end()) {
    Report::broken("user {} has the profile '{}', which nobody gave", id, email);
  }
  if (number->second < user.promised) {
    Report::broken("a check hands out profile {} of user {}, and profile {} was answered", number->second, id,
                   user.promised);
  }
}

void ProfileModel::restarting() {
  for (auto& [id, user] : users_) user.under_way.clear();
}

void ProfileModel::loaded(std::int64_t user, const std::string& email, std::int64_t number) {
  if (number < users_[user].promised) {
    Report::broken("profile {} of user {} was answered, and {} is on disk", users_[user].promised, user,
                   number);
  }
  written(user, email, number);
}

}  // namespace latchkey::sim
