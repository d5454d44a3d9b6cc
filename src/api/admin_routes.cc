#include "latchkey/api/admin_routes.h"

namespace latchkey::api {

namespace {

using enum AdminAction;

constexpr std::array<AdminRoute, kAdminActions - 1> kRoutes = {{
    {kUserList, "user_list", "GET", "/users"},
    {kUserShow, "user_show", "GET", "/users/*"},
    {kUserAdd, "user_add", "POST", "/users", LineInLog::kNeeded},
    {kUserDelete, "user_delete", "DELETE", "/users/*"},
    {kUserPassword, "user_password", "POST", "/users/*/password", LineInLog::kNeeded},
    {kUserUnlock, "user_unlock", "POST", "/users/*/unlock", LineInLog::kNeeded},
    {kUserDisable, "user_disable", "POST", "/users/*/disable"},
    {kUserEnable, "user_enable", "POST", "/users/*/enable", LineInLog::kNeeded},
    {kUserGroups, "user_groups", "POST", "/users/*/groups"},
    {kUserDetails, "user_details", "POST", "/users/*/details", LineInLog::kNeeded},
    {kUserRename, "user_rename", "POST", "/users/*/rename", LineInLog::kNeeded},
    {kUserExport, "user_export", "GET", "/export", LineInLog::kNeeded},
    {kImportStage, "import_stage", "POST", "/import/users"},
    {kImportCommit, "import_commit", "POST", "/import/commit", LineInLog::kNeeded},
    {kImportOutcomes, "import_outcomes", "GET", "/import/outcomes"},
    {kTokenListAll, "token_list_all", "GET", "/tokens"},
    {kTokenRevokeAll, "token_revoke_all", "DELETE", "/tokens"},
    {kTokenList, "token_list", "GET", "/tokens/*"},
    {kTokenRevoke, "token_revoke", "DELETE", "/tokens/*"},
    {kKeyShow, "key_show", "GET", "/key"},
    {kKeyRotate, "key_rotate", "POST", "/key"},
    {kBackupBegin, "backup_begin", "POST", "/backup", LineInLog::kNeeded},
    {kBackupCopy, "backup_copy", "POST", "/backup/copy"},
    {kBackupRead, "backup_read", "GET", "/backup"},
    {kBackupDone, "backup_done", "POST", "/backup/done"},
    {kReload, "reload", "POST", "/reload", LineInLog::kNeeded},
}};

constexpr bool are_in_order() {
  for (std::size_t i = 0; i < kRoutes.size(); ++i) {
    if (static_cast<std::size_t>(kRoutes[i].action) != i) return false;
  }
  return true;
}
static_assert(are_in_order());

constexpr std::string_view kAfter = "after=";

/// Takes the first part off a path that begins with `/`.
std::string_view take_part(std::string_view& path) noexcept {
  path.remove_prefix(1);
  const std::string_view part = path.substr(0, path.find('/'));
  path.remove_prefix(part.size());
  return part;
}

/// Whether the path is the route's. `name` becomes what stands for its `*`.
bool matches(std::string_view pattern, std::string_view path, std::string_view& name) noexcept {
  name = {};
  while (pattern.starts_with('/') && path.starts_with('/')) {
    const std::string_view wanted = take_part(pattern);
    const std::string_view part = take_part(path);
    if (wanted == "*" ? part.empty() : wanted != part) return false;
    if (wanted == "*") name = part;
  }
  return pattern.empty() && path.empty();
}

}  // namespace

std::span<const AdminRoute, kAdminActions - 1> admin_routes() noexcept { return kRoutes; }

std::string_view admin_label(AdminAction action) noexcept {
  return action == kOther ? "other" : kRoutes[static_cast<std::size_t>(action)].label;
}

AdminTarget admin_target(std::string_view method, std::string_view target) noexcept {
  AdminTarget found;
  if (const std::size_t mark = target.find('?'); mark != std::string_view::npos) {
    const std::string_view query = target.substr(mark + 1);
    if (!query.starts_with(kAfter)) return found;
    found.after = query.substr(kAfter.size());
    target = target.substr(0, mark);
  }
  for (const AdminRoute& route : kRoutes) {
    std::string_view name;
    if (!matches(route.path, target, name)) continue;
    found.is_resource = true;
    if (route.method != method) continue;
    found.route = &route;
    found.name = name;
    break;
  }
  return found;
}

}  // namespace latchkey::api
