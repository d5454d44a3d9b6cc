// A user of the server under test: logs in, uses and ends tokens at random, and keeps the record of what was
// answered. One holder a thread at a time; several work on a server together.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>

#include "crash/disk_image.h"
#include "crash/ledger.h"
#include "support/http_client.h"
#include "support/rig.h"

namespace latchkey::test {

/// What holders that work together on a server share; of the thread that starts them.
struct Shift {
  std::uint16_t port = 0;
  Progress answers;
  /// From here on the server may go, and connections break.
  std::atomic<bool> may_end = false;
  /// From here on the disk may refuse: 503 is an answer to what has to be written.
  std::atomic<bool> may_refuse = false;
  /// Called by the thread that has read this answer, counted over all holders, and at once: what the answer
  /// promises must hold already then.
  std::function<void()> in_the_moment_of_an_answer;
  std::atomic<int> answers_to_that_moment = 0;
  /// Holders stop by themselves after this many answers each.
  int most_answers = 10'000;
};

class Holder {
 public:
  Holder(std::string name, std::int64_t timeout_ms, std::uint64_t seed)
      : name_(std::move(name)), password_(kPassword), ledger_(timeout_ms), random_(seed) {}

  const std::string& name() const noexcept { return name_; }
  const std::string& password() const noexcept { return password_; }
  Ledger& ledger() noexcept { return ledger_; }

  /// Makes requests until the server is gone, or the shift is over.
  void work(Shift& shift);

  /// The server has ended; `image` is what it left.
  void settle(const DiskImage& image, std::int64_t ended_ms) { ledger_.settle(image, ended_ms); }

  /// Holds the record against a server that has just been started: all of it, or what has changed and a
  /// sample of the rest.
  void verify(std::uint16_t port, bool all);

 private:
  void act(HttpClient& client, Shift& shift);
  void log_in_anew(HttpClient& client, bool may_refuse);
  void log_in_again(HttpClient& client, HeldToken& token);
  void check(HttpClient& client, HeldToken& token);
  void end(HttpClient& client, HeldToken& token, bool may_refuse);
  void end_all(HttpClient& client, HeldToken& by);
  void change_password(HttpClient& client, HeldToken& by);
  void find_password(HttpClient& client);
  void verify_times(HttpClient& client);
  void end_known(HeldToken& token, const Asked& asked);

  HeldToken& new_token();
  HeldToken* any(Known known);

  const std::string name_;
  std::string password_;
  std::optional<std::string> asked_password_;  ///< a change that was sent and not answered
  Ledger ledger_;
  std::mt19937_64 random_;
  int agents_ = 0;
  int passwords_ = 0;
};

/// The answer to what could not be written: 503 with a `detail`, and when to try again.
void expect_unavailable(const Response& response);

}  // namespace latchkey::test
