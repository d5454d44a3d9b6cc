// ServiceManager: plays systemd for one service of Type=notify over the real protocol: NOTIFY_SOCKET with the
// sender's credentials, FDSTORE and FDSTOREREMOVE, LISTEN_FDS with LISTEN_PID and LISTEN_FDNAMES. It follows
// systemd 252 (service.c, fdstore) and is never kinder: it believes the main process alone, drops what is
// over FileDescriptorStoreMax= or there already, and keeps the rest over a restart, not over a stop. Thread:
// one, which outlives the service.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/child_process.h"
#include "support/temporary_directory.h"

namespace latchkey::test {

class ServiceManager {
 public:
  /// `most_kept` is FileDescriptorStoreMax=.
  explicit ServiceManager(std::size_t most_kept = 1024);
  ~ServiceManager();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  /// Starts the service with what is kept, and waits for READY=1. Throws std::runtime_error, with what it
  /// said, if it ends before.
  void start(ChildOptions command);
  /// `systemctl restart`: stops the main process, waits for its end, and starts it again. Returns the exit
  /// status of the first. `between` runs while there is no process.
  int restart(ChildOptions command, const std::function<void()>& between = {});
  /// A socket that the manager has made itself (a unit of sockets); it owns the descriptor.
  void bring(std::string name, int descriptor);
  /// `systemctl stop`: the same without a start, and nothing is kept.
  int stop();
  /// The main process dies, and the manager starts it again with what is kept (Restart=on-failure).
  void crash_and_restart(ChildOptions command);

  ChildProcess& main_process() { return *main_; }
  /// The names under which descriptors are kept, one per descriptor.
  std::vector<std::string> kept_names() const;
  /// Whether the main process has sent a message with this line since its start.
  bool has_heard(std::string_view line) const;

 private:
  struct Kept {
    std::string name;
    int fd;
  };

  void listen();
  void hear(const std::string& message, std::vector<int> descriptors, pid_t sender);
  void keep(const std::string& name, const std::vector<int>& descriptors);
  void drop(std::string_view name);
  void forget_all();

  const std::size_t most_kept_;
  TemporaryDirectory directory_;
  int socket_ = -1;
  std::unique_ptr<ChildProcess> main_;

  mutable std::mutex mutex_;
  std::condition_variable heard_;
  pid_t main_pid_ = 0;
  std::vector<Kept> kept_;
  std::vector<std::string> lines_;  ///< since the start

  std::atomic<bool> ending_ = false;
  std::thread listener_;
};

}  // namespace latchkey::test
