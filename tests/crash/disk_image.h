// What a server that has ended left on disk. It is read from a copy, so that the next start finds all as it
// was.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace latchkey::test {

/// The death of a session, as the database has it.
inline constexpr int kAlive = 0;
inline constexpr int kTimedOut = 1;
inline constexpr int kDeleted = 2;

struct SessionRow {
  std::int64_t row = 0;
  std::int64_t created_ms = 0;
  std::int64_t last_used_ms = 0;
  int death = kAlive;
  std::int64_t died_ms = 0;
};

struct DiskImage {
  /// Whether the last run was marked as ended in order.
  bool ended_in_order = false;
  /// By the agent that logged in; if there are several rows, the newest.
  std::map<std::string, SessionRow> sessions;
  /// What SQLite's own check of the whole file and of its foreign keys finds wrong.
  std::vector<std::string> damages;
};

/// Copies the database in `data` to `scratch` and reads the copy. The image is empty if no start has got as
/// far as a database with tables. Throws std::runtime_error if it cannot be read.
DiskImage read_disk_image(const std::filesystem::path& data, const std::filesystem::path& scratch);

/// The time of last use of this agent's token in the database of a running server; 0 if there is no such
/// token.
std::int64_t last_use_on_disk(const std::filesystem::path& data, const std::string& agent);

}  // namespace latchkey::test
