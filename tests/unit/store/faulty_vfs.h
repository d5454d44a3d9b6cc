// FaultyVfs: a file layer for SQLite that passes everything to the system's, except for what a test tells it
// to refuse. It is registered with SQLite from construction to destruction; only one may exist at a time.
// Thread: one.
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

  /// Refuse writes to, or fsyncs of, files whose name ends in `suffix` ("" for none, "-wal" for the log) with
  /// this SQLite status, until `heal`.
  void fail_writes(std::string suffix, int status);
  void fail_syncs(std::string suffix, int status);
  void heal();

  /// How many fsyncs of files with this suffix were requested so far.
  int syncs(const std::string& suffix) const;
};

}  // namespace latchkey::store
