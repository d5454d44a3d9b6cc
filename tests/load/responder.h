// Responder: a small HTTP server on a thread of its own. A test decides every answer and compares the counts
// with what the load tester says. Thread: the one that made it.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace latchkey::test {

/// An answer with a body of two bytes.
inline constexpr const char* kPlainAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

struct ResponderOptions {
  std::string answer = kPlainAnswer;  ///< empty: it never answers
  bool closes_after_answer = false;
  /// The first request is answered only this long after its arrival. The others wait behind it.
  int first_delay_ms = 0;
  /// It listens at this Unix socket instead of a port; its URL stays one.
  std::string unix_path{};
};

class Responder {
 public:
  explicit Responder(ResponderOptions options = {});
  /// Waits for its thread.
  ~Responder();
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;

  std::string url() const;
  /// How many requests it has answered.
  std::uint64_t answered() const noexcept { return answered_; }
  /// How many connections it has accepted.
  std::uint64_t accepted() const noexcept { return accepted_; }

 private:
  struct Peer {
    int fd = -1;
    std::string received;
  };

  void listen();
  void run();
  void accept_one();
  bool serve(Peer& peer);

  const ResponderOptions options_;
  int listener_ = -1;
  int stop_ = -1;
  std::uint16_t port_ = 0;
  std::vector<Peer> peers_;
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<std::uint64_t> accepted_{0};
  std::thread thread_;
};

}  // namespace latchkey::test
