// The requests that an administrator can make: what each is called, its method and its path.
// Thread: any. All functions are pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace latchkey::api {

enum class AdminAction : std::uint8_t {
  kUserList,
  kUserShow,
  kUserAdd,
  kUserDelete,
  kUserPassword,
  kUserUnlock,
  kUserDisable,
  kUserEnable,
  kUserGroups,
  kUserDetails,
  kUserRename,
  kUserExport,
  kImportStage,
  kImportCommit,
  kImportOutcomes,
  kTokenListAll,
  kTokenRevokeAll,
  kTokenList,
  kTokenRevoke,
  kKeyShow,
  kKeyRotate,
  kBackupBegin,
  kBackupCopy,
  kBackupRead,
  kBackupDone,
  kReload,  ///< the server's own, and not Admin's
  kOther,   ///< none of these: refused
};
inline constexpr std::size_t kAdminActions = static_cast<std::size_t>(AdminAction::kOther) + 1;

/// Whether the request grants access, or gives away what does, so that the log must have room for its line.
enum class LineInLog : std::uint8_t { kIfThereIsRoom, kNeeded };

struct AdminRoute {
  AdminAction action;
  std::string_view label;  ///< in metrics and in the log
  std::string_view method;
  std::string_view path;  ///< a part `*` stands for a name
  LineInLog line = LineInLog::kIfThereIsRoom;
};

/// In the order of AdminAction, without kOther.
std::span<const AdminRoute, kAdminActions - 1> admin_routes() noexcept;
/// In the order of AdminAction.
std::string_view admin_label(AdminAction action) noexcept;

/// What a request asks for.
struct AdminTarget {
  const AdminRoute* route = nullptr;  ///< null if there is no such resource, or it has no such method
  bool is_resource = false;           ///< whether the resource has another method, if `route` is null
  std::string_view name{};            ///< what stands for the `*`, percent-encoded
  std::string_view after{};           ///< from the query, percent-encoded
};

/// `target` is a path, and perhaps a query, whose one field is `after`.
AdminTarget admin_target(std::string_view method, std::string_view target) noexcept;

}  // namespace latchkey::api
