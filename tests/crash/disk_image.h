// What a server that has ended left on disk: read from a copy, so that the next start finds all as it was.
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
  /// The last run was marked as ended in order.
  bool ended_in_order = false;
  /// By the agent that logged in; of several rows the newest.
  std::map<std::string, SessionRow> sessions;
  /// What SQLite's own check of the whole file, and of its foreign keys, finds wrong with it.
  std::vector<std::string> damages;
};

/// Copies the database in `data` to `scratch` and reads the copy. An empty image where no start has got as
/// far as to a database with tables. Throws std::runtime_error where it cannot be read.
DiskImage read_disk_image(const std::filesystem::path& data, const std::filesystem::path& scratch);

/// The time of the last use of this agent's token, as it stands in the database of a server that runs; 0
/// where there is no such token.
std::int64_t last_use_on_disk(const std::filesystem::path& data, const std::string& agent);

}  // namespace latchkey::test
