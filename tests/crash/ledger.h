// The record of what a server was asked and what it answered, for the tokens of one user; held against every
// later answer, and against what the disk has after a crash. Times are bounds that hold however slow the
// machine is: an answer came after the one and before the other. One thread at a time. What is wrong is a
// failure of the running test.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "crash/disk_image.h"
#include "support/http_client.h"

namespace latchkey::test {

enum class Known {
  kAsked,    ///< a login was sent and not answered: there is a token, or none
  kRefused,  ///< the login was answered with 503: there is none
  kLive,
  kEnding,   ///< a deletion was sent and not answered as done: either is right until a crash settles it
  kEnded,    ///< the deletion was answered
  kExpired,  ///< not used for a timeout
};

struct HeldToken {
  std::string agent;
  std::string token;
  Known known = Known::kAsked;
  std::int64_t used_after_ms = 0;   ///< its last use that counts was not before this
  std::int64_t used_before_ms = 0;  ///< and none was after this; kUnderWay while a request is
  std::int64_t died_after_ms = 0;
  std::int64_t row = 0;            ///< on disk, where it was seen there; 0 before
  std::int64_t recorded_ms = 0;    ///< the last use as the disk had it
  bool may_have_tenth = false;     ///< it may have been given a tenth of the timeout at the last start
  bool is_dead_in_memory = false;  ///< its deletion was answered with 503: dead until a crash, perhaps after
  bool is_changed = true;          ///< since it was verified last

  static constexpr std::int64_t kUnderWay = std::numeric_limits<std::int64_t>::max();
};

/// When a request was sent and when its answer had come, in milliseconds since 1970.
struct Asked {
  std::int64_t sent_ms = 0;
  std::int64_t answered_ms = 0;
};

class Ledger {
 public:
  explicit Ledger(std::int64_t timeout_ms) : timeout_ms_(timeout_ms) {}

  std::vector<HeldToken>& tokens() noexcept { return tokens_; }
  std::int64_t timeout_ms() const noexcept { return timeout_ms_; }

  /// Whether an answer that has come at this time must have found the token live.
  bool is_surely_live(const HeldToken& token, std::int64_t answered_ms) const noexcept {
    return answered_ms <= token.used_after_ms + timeout_ms_;
  }

  void note_use(HeldToken& token, const Asked& asked) noexcept;
  /// The deletion was answered.
  void note_end(HeldToken& token, const Asked& asked) noexcept;
  /// The answer to a check.
  void note_check(HeldToken& token, const Response& response, const Asked& asked);

  /// The server has been started, before this time.
  void note_start(std::int64_t now_ms) noexcept;

  /// The server has ended, at this time at the latest, and left `image`: whatever was open is settled by it,
  /// and all else must be there.
  void settle(const DiskImage& image, std::int64_t ended_ms);

  /// Uses that were answered and that a crash took back: those of the last moments before it.
  std::int64_t uses_taken_back() const noexcept { return uses_taken_back_; }

 private:
  bool settle_one(HeldToken& token, const SessionRow* row, std::int64_t ended_ms);
  void settle_time(HeldToken& token, const SessionRow& row, std::int64_t ended_ms);
  std::int64_t latest_end_ms(const HeldToken& token) const noexcept;
  void expect_dead(const HeldToken& token, const Response& response, const Asked& asked) const;

  const std::int64_t timeout_ms_;
  std::vector<HeldToken> tokens_;
  bool ended_in_order_ = true;
  /// Starts before this may give the tenth, though the run before ended in order: what was not written before
  /// a crash is not known any better then.
  std::int64_t tenths_until_ms_ = 0;
  std::int64_t uses_taken_back_ = 0;
};

}  // namespace latchkey::test
