// A file layer for SQLite that passes everything to the system's, except for what a test tells it to refuse.
// Registered with SQLite from construction to destruction; one thread, one object at a time.
#pragma once

#include <string>

namespace latchkey::store {

class FaultyVfs {
 public:
  FaultyVfs();
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  /// For DatabaseOptions::vfs.
  static const char* name() noexcept;

  /// Refuse writes to, or fsyncs of, files whose name ends in `suffix` ("" is none, "-wal" the log) with this
  /// SQLite status, until told otherwise.
  void fail_writes(std::string suffix, int status);
  void fail_syncs(std::string suffix, int status);
  void heal();

  /// Fsyncs of files with this ending that were asked for so far.
  int syncs(const std::string& suffix) const;
};

}  // namespace latchkey::store
