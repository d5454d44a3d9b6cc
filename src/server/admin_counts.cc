#include "server/admin_counts.h"

#include <algorithm>
#include <iterator>

namespace latchkey::server {

namespace {

constexpr AdminAction kActions[] = {
    {"user_list", "GET", "users", 1, ""},
    {"user_add", "POST", "users", 1, ""},
    {"user_delete", "DELETE", "users", 2, ""},
    {"user_password", "POST", "users", 3, "password"},
    {"user_unlock", "POST", "users", 3, "unlock"},
    {"user_disable", "POST", "users", 3, "disable"},
    {"user_enable", "POST", "users", 3, "enable"},
    {"user_groups", "POST", "users", 3, "groups"},
    {"user_details", "POST", "users", 3, "details"},
    {"token_list", "GET", "tokens", 2, ""},
    {"token_revoke", "DELETE", "tokens", 2, ""},
    {"other", "", "", 0, ""},
};

struct Path {
  std::string_view resource;
  std::string_view act;
  std::size_t parts = 0;
};

Path path_of(std::string_view text) noexcept {
  text = text.substr(0, text.find('?'));
  Path path;
  while (text.starts_with('/')) {
    text.remove_prefix(1);
    const std::string_view part = text.substr(0, text.find('/'));
    text.remove_prefix(part.size());
    ++path.parts;
    if (path.parts == 1) path.resource = part;
    if (path.parts == 3) path.act = part;
  }
  return path;
}

}  // namespace

std::span<const AdminAction> AdminCounts::actions() noexcept {
  static_assert(std::size(kActions) <= kMaxActions);
  return kActions;
}

void AdminCounts::count(std::string_view method, std::string_view path, int status) noexcept {
  const Path asked = path_of(path);
  const auto* const last = std::end(kActions) - 1;
  const auto* const found = std::find_if(std::begin(kActions), last, [&](const AdminAction& action) {
    return action.method == method && action.resource == asked.resource && action.parts == asked.parts &&
           action.act == asked.act;
  });
  const std::size_t result = status < 400 ? 0 : status < 500 ? 1 : 2;
  counts_[static_cast<std::size_t>(found - std::begin(kActions))][result].add();
}

}  // namespace latchkey::server
