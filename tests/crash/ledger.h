// Ledger: the record of what a server was asked and answered about one user's tokens. It is compared with
// every later answer, and with what the disk has after a crash. A mismatch is a failure of the running test.
// Times are bounds that hold on a machine of any speed: an answer came after one and before the other.
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "crash/disk_image.h"
#include "support/http_client.h"

namespace latchkey::test {

enum class Known {
  kAsked,    ///< a login was sent and not answered: there is a token, or there is none
  kRefused,  ///< the login was answered with 503: there is none
  kLive,
  kEnding,   ///< a deletion was sent and not confirmed: it may or may not be done until a crash settles it
  kEnded,    ///< the deletion was answered
  kExpired,  ///< not used for a whole timeout
};

struct HeldToken {
  std::string agent;
  std::string token;
  Known known = Known::kAsked;
  std::int64_t used_after_ms = 0;   ///< its last use that is sure to hold was not before this
  std::int64_t used_before_ms = 0;  ///< no use was after this; kUnderWay during a request
  std::int64_t died_after_ms = 0;
  std::int64_t row = 0;            ///< its row on disk; 0 until it was seen there
  std::int64_t recorded_ms = 0;    ///< the last use as the disk had it
  bool may_have_tenth = false;     ///< the last start may have given it a tenth of the timeout
  bool is_dead_in_memory = false;  ///< its deletion got a 503: dead until a crash, perhaps after it too
  bool is_changed = true;          ///< since it was last verified

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

  /// Whether an answer that arrived at this time must have found the token live.
  bool is_surely_live(const HeldToken& token, std::int64_t answered_ms) const noexcept {
    return answered_ms <= token.used_after_ms + timeout_ms_;
  }

  void note_use(HeldToken& token, const Asked& asked) noexcept;
  /// Notes that the deletion was answered.
  void note_end(HeldToken& token, const Asked& asked) noexcept;
  /// Notes the answer to a check.
  void note_check(HeldToken& token, const Response& response, const Asked& asked);

  /// Notes that the server has been started, before this time.
  void note_start(std::int64_t now_ms) noexcept;

  /// Notes that the server has ended, at this time at the latest, and left `image`. The image settles
  /// whatever was open; all else must be in it.
  void settle(const DiskImage& image, std::int64_t ended_ms);

  /// Answered uses that a crash lost: those of the last moments before it.
  std::int64_t uses_taken_back() const noexcept { return uses_taken_back_; }

 private:
  bool settle_one(HeldToken& token, const SessionRow* row, std::int64_t ended_ms);
  void settle_time(HeldToken& token, const SessionRow& row, std::int64_t ended_ms);
  std::int64_t latest_end_ms(const HeldToken& token) const noexcept;
  void expect_dead(const HeldToken& token, const Response& response, const Asked& asked) const;

  const std::int64_t timeout_ms_;
  std::vector<HeldToken> tokens_;
  bool ended_in_order_ = true;
  /// A start before this time may give the tenth even if the last run ended in order: what a crash left
  /// unwritten is not known any better by then.
  std::int64_t tenths_until_ms_ = 0;
  std::int64_t uses_taken_back_ = 0;
};

}  // namespace latchkey::test
