// Holder: a user of the server under test. It logs in, uses and ends tokens at random, and records what was
// answered. Several holders work on a server together. Thread: one at a time.
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

/// What holders that work together on a server share. Lifetime: the thread that starts them owns it.
struct Shift {
  std::uint16_t port = 0;
  Progress answers;
  /// Once set, the server may end and connections may break.
  std::atomic<bool> may_end = false;
  /// Once set, the disk may refuse: 503 is then a valid answer to what has to be written.
  std::atomic<bool> may_refuse = false;
  /// Called at once by the thread that has read the answer with this number, over all holders. What the
  /// answer promises must already hold at that moment.
  std::function<void()> in_the_moment_of_an_answer;
  std::atomic<int> answers_to_that_moment = 0;
  /// Each holder stops by itself after this many answers.
  int most_answers = 10'000;
};

class Holder {
 public:
  Holder(std::string name, std::int64_t timeout_ms, std::uint64_t seed)
      : name_(std::move(name)), password_(kPassword), ledger_(timeout_ms), random_(seed) {}

  const std::string& name() const noexcept { return name_; }
  const std::string& password() const noexcept { return password_; }
  Ledger& ledger() noexcept { return ledger_; }

  /// Makes requests until the server is gone or the shift is over.
  void work(Shift& shift);

  /// To be called after the server has ended; `image` is what it left.
  void settle(const DiskImage& image, std::int64_t ended_ms) { ledger_.settle(image, ended_ms); }

  /// Compares the record with a server that has just been started: all of it, or what has changed and a
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
  std::optional<std::string> asked_password_;  ///< of a change that was sent and not answered
  Ledger ledger_;
  std::mt19937_64 random_;
  int agents_ = 0;
  int passwords_ = 0;
};

/// Expects the answer to what could not be written: 503 with a `detail`, and when to try again.
void expect_unavailable(const Response& response);

}  // namespace latchkey::test
