#include "latchkey/store/soundness.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

namespace latchkey::store {

void distrust_database(const DataDirectory& directory) noexcept {
  const int mark = ::open(directory.distrust_path().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (mark >= 0) ::close(mark);
}

Result<void> check_soundness(Database& database) {
  LATCHKEY_TRY(Statement statement, database.prepare("PRAGMA integrity_check(1)"));
  LATCHKEY_TRY(const bool row, statement.step());
  if (row && statement.text(0) == "ok") return {};
  return failure(ErrorCode::kFatal,
                 fmt::format("database {} is damaged: {}; restore a backup", database.path(),
                             row ? statement.text(0) : "nothing can be checked"));
}

Result<bool> check_if_distrusted(Database& database, const DataDirectory& directory) {
  const std::filesystem::path mark = directory.distrust_path();
  std::error_code error;
  if (!std::filesystem::exists(mark, error)) return false;
  LATCHKEY_TRY(check_soundness(database));
  std::filesystem::remove(mark, error);
  if (!error) return true;
  return failure(ErrorCode::kUnavailable,
                 fmt::format("data directory: cannot remove {}: {}", mark.string(), error.message()));
}

}  // namespace latchkey::store
