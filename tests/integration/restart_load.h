// Clients that go on while a server is restarted: new connections at a rate, and connections that stay. They
// count what became of each request. Thread: each load has one of its own; `stop` ends it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace latchkey::test {

/// A client that waits this long counts as refused.
inline constexpr std::chrono::seconds kLongestWait{10};

struct LoadCounts {
  std::uint64_t answered = 0;   ///< with 200
  std::uint64_t refused = 0;    ///< no connection
  std::uint64_t reset = 0;      ///< reset, or closed without a whole answer
  std::uint64_t wrong = 0;      ///< another status
  std::uint64_t too_late = 0;   ///< no answer within kLongestWait
  std::int64_t longest_ms = 0;  ///< from the moment at which a request was due to its answer
  std::string first_wrong{};    ///< the first line of the first wrong answer
};

/// Where a client comes from, and what it sends.
struct LoadSource {
  std::string address;
  std::string request;  ///< the whole of it
};

class RestartLoad {
 public:
  /// Opens `per_second` connections to the port of 127.0.0.1, from the sources in turn. Each brings one
  /// request.
  static RestartLoad new_connections(std::uint16_t port, std::vector<LoadSource> sources,
                                     std::size_t per_second);
  /// Keeps `clients` connections open. Each sends its request again a `pause` after the answer.
  static RestartLoad kept_alive(std::uint16_t port, const LoadSource& source, std::size_t clients,
                                std::chrono::milliseconds pause);
  RestartLoad(RestartLoad&&) = default;
  RestartLoad& operator=(RestartLoad&&) = delete;
  ~RestartLoad();

  /// Starts nothing new, and waits for what is under way.
  LoadCounts stop();

 private:
  struct Shared {
    std::atomic<bool> stopping = false;
    LoadCounts counts;
  };
  RestartLoad(std::unique_ptr<Shared> shared, std::thread thread)
      : shared_(std::move(shared)), thread_(std::move(thread)) {}

  std::unique_ptr<Shared> shared_;
  std::thread thread_;

  friend class LoadLoop;
};

}  // namespace latchkey::test
