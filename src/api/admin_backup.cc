// The backup: the store copies its database in steps (`store/online_copy.h`), the command reads the copy part
// by part, and says when what it made of it is whole.
#include <string>
#include <utility>

#include "latchkey/api/admin.h"
#include "latchkey/base/assert.h"
#include "latchkey/base/json_writer.h"
#include "latchkey/runtime/await.h"
#include "latchkey/store/online_copy.h"

namespace latchkey::api {

using runtime::Task;

namespace {

/// Steps of the copy in one request. Between two of them the store does what came meanwhile.
constexpr int kStepsPerRequest = 32;

}  // namespace

Task<Result<AdminReply>> Admin::begin_backup(LogRoom room, BackupUnderWay& backup) {
  LATCHKEY_CO_TRY(end_backup(backup));
  LATCHKEY_CO_TRY(const store::CopyProgress begun, services_.store.begin_copy());
  backup.number = begun.number;
  // All that a thief of the database would have leaves here, whether or not it becomes a backup.
  LogEvent(std::move(room), LogLevel::kInfo, "admin.backup_begun");
  co_return AdminReply{201, "{}"};
}

Task<Result<AdminReply>> Admin::copy_for_backup(BackupUnderWay& backup) {
  store::CopyProgress progress;
  for (int step = 0; step < kStepsPerRequest && !progress.is_whole; ++step) {
    LATCHKEY_CO_TRY(progress, services_.store.copy_some(backup.number));
  }
  JsonWriter json;
  json.begin_object();
  json.member("pages", progress.pages);
  json.member("left", progress.left);
  json.member("whole", progress.is_whole);
  json.end();
  co_return AdminReply{200, json.take()};
}

Task<Result<AdminReply>> Admin::read_backup(BackupUnderWay& backup, std::string after) {
  const std::optional<std::int64_t> offset = number_of(after);
  if (!offset || *offset < 0) co_return failure(ErrorCode::kInvalid, "`after` is no number of bytes");
  LATCHKEY_CO_TRY(std::string bytes, services_.store.read_copy(backup.number, *offset));
  // Whoever has come to the end has all of it.
  if (bytes.empty()) {
    LATCHKEY_CO_TRY(end_backup(backup));
  }
  AdminReply reply{200, std::move(bytes)};
  reply.is_bytes = true;
  co_return reply;
}

Task<Result<AdminReply>> Admin::note_backup(LogRoom room) {
  LATCHKEY_CO_TRY(services_.store.record_backup(services_.clock.wall()));
  LogEvent(std::move(room), LogLevel::kInfo, "admin.backup_made");
  co_return AdminReply{200, "{}"};
}

Task<Result<bool>> Admin::end_backup(BackupUnderWay& backup) {
  const std::uint64_t number = std::exchange(backup.number, 0);
  if (number == 0) co_return true;
  LATCHKEY_CO_RETURN(services_.store.end_copy(number));
}

Task<void> Admin::abandon_backup(BackupUnderWay backup) {
  // If the way to the store is full, the copy stays until the next backup finds that nobody uses it.
  LATCHKEY_AWAIT(const Result<bool> ended, end_backup(backup));
  static_cast<void>(ended);
}

Task<Result<AdminReply>> Admin::act_on_backup(AdminAction action, LogRoom room, BackupUnderWay& backup,
                                              std::string after) {
  switch (action) {
    case AdminAction::kBackupBegin:
      LATCHKEY_CO_RETURN(begin_backup(std::move(room), backup));
    case AdminAction::kBackupCopy:
      LATCHKEY_CO_RETURN(copy_for_backup(backup));
    case AdminAction::kBackupRead:
      LATCHKEY_CO_RETURN(read_backup(backup, std::move(after)));
    default:
      LATCHKEY_ASSERT(action == AdminAction::kBackupDone);
  }
  LATCHKEY_CO_RETURN(note_backup(std::move(room)));
}

}  // namespace latchkey::api
