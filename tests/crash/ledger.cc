#include "crash/ledger.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/rig.h"

namespace latchkey::test {

namespace {

// A use within a second of the last one does not move the time, so a token admits for that second longer.
constexpr std::int64_t kStepMs = 1000;
// Between the calendar clock, which the tests read, and the clock that tokens live by.
constexpr std::int64_t kClocksApartMs = 100;

std::string told(const HeldToken& token) { return "the token of " + token.agent; }

}  // namespace

void Ledger::note_use(HeldToken& token, const Asked& asked) noexcept {
  token.known = Known::kLive;
  token.used_after_ms = asked.sent_ms;
  token.used_before_ms = asked.answered_ms;
  token.may_have_tenth = false;
}

void Ledger::note_end(HeldToken& token, const Asked& asked) noexcept {
  // A token that had timed out before died of that.
  const bool was_live = is_surely_live(token, asked.answered_ms);
  token.known = was_live ? Known::kEnded : Known::kExpired;
  // A token whose deletion was refused at first has been dead since then.
  if (!token.is_dead_in_memory) {
    token.died_after_ms = was_live ? asked.sent_ms : token.used_after_ms + timeout_ms_;
  }
  token.is_dead_in_memory = false;
  token.used_before_ms = std::min(token.used_before_ms, asked.answered_ms);
}

std::int64_t Ledger::latest_end_ms(const HeldToken& token) const noexcept {
  return token.used_before_ms + timeout_ms_ + kStepMs + (token.may_have_tenth ? timeout_ms_ / 10 : 0) +
         kClocksApartMs;
}

void Ledger::note_check(HeldToken& token, const Response& response, const Asked& asked) {
  const bool is_dead =
      token.known == Known::kEnded || token.known == Known::kExpired || token.is_dead_in_memory;
  if (is_dead) {
    expect_dead(token, response, asked);
    return;
  }
  if (response.status == 200) {
    EXPECT_LE(asked.sent_ms, latest_end_ms(token)) << told(token) << " admits after its end";
    note_use(token, asked);
    return;
  }
  EXPECT_FALSE(is_surely_live(token, asked.answered_ms))
      << told(token) << " is refused before its end: " << response.status << " " << response.body;
  token.known = Known::kExpired;
  token.died_after_ms = token.used_after_ms + timeout_ms_;
  expect_dead(token, response, asked);
}

void Ledger::expect_dead(const HeldToken& token, const Response& response, const Asked& asked) const {
  EXPECT_EQ(response.status, 401) << told(token) << " is dead and admits";
  // The reason is kept for one timeout (C-33).
  const bool is_forgotten =
      asked.answered_ms > token.died_after_ms + timeout_ms_ && refusal_of(response) == "Invalid token";
  if (is_forgotten) return;
  EXPECT_EQ(refusal_of(response), "Token is expired") << told(token);
}

void Ledger::note_start(std::int64_t now_ms) noexcept {
  if (!ended_in_order_) tenths_until_ms_ = now_ms + timeout_ms_ + timeout_ms_ / 10 + kStepMs;
}

void Ledger::settle(const DiskImage& image, std::int64_t ended_ms) {
  ended_in_order_ = image.ended_in_order;
  std::vector<HeldToken> kept;
  for (HeldToken& token : tokens_) {
    const auto found = image.sessions.find(token.agent);
    const SessionRow* const row = found == image.sessions.end() ? nullptr : &found->second;
    if (settle_one(token, row, ended_ms)) kept.push_back(std::move(token));
  }
  tokens_ = std::move(kept);
}

/// Returns false if nothing is known of the token any more.
bool Ledger::settle_one(HeldToken& token, const SessionRow* row, std::int64_t ended_ms) {
  token.used_before_ms = std::min(token.used_before_ms, ended_ms);
  token.is_dead_in_memory = false;
  switch (token.known) {
    case Known::kRefused:
      EXPECT_EQ(row, nullptr) << told(token) << ": its login was refused, and it is on disk";
      return false;
    case Known::kAsked:
      if (row == nullptr || row->death != kAlive) return false;
      token.row = row->row;
      token.recorded_ms = row->last_used_ms;
      token.used_after_ms = row->last_used_ms;
      token.may_have_tenth = !ended_in_order_ || ended_ms <= tenths_until_ms_;
      return true;
    case Known::kEnded:
      if (row == nullptr) {
        EXPECT_GT(ended_ms, token.died_after_ms + timeout_ms_)
            << told(token) << ": its reason of death is gone";
        return false;
      }
      EXPECT_EQ(row->death, kDeleted) << told(token) << ": its deletion was answered and is undone";
      return true;
    case Known::kExpired:
      return true;
    case Known::kLive:
    case Known::kEnding:
      break;
  }
  if (row == nullptr) {
    EXPECT_FALSE(is_surely_live(token, ended_ms)) << told(token) << ": its login was answered and is lost";
    return false;
  }
  EXPECT_TRUE(token.row == 0 || token.row == row->row) << told(token) << " has another row than before";
  token.row = row->row;
  if (row->death == kAlive) {
    token.known = Known::kLive;
    settle_time(token, *row, ended_ms);
    return true;
  }
  token.died_after_ms = row->died_ms;
  if (row->death == kTimedOut) {
    EXPECT_FALSE(is_surely_live(token, row->died_ms)) << told(token) << " timed out before its end";
    token.known = Known::kExpired;
    return true;
  }
  EXPECT_EQ(row->death, kDeleted) << told(token);
  EXPECT_EQ(token.known, Known::kEnding) << told(token) << " was ended by nobody";
  token.known = Known::kEnded;
  return true;
}

void Ledger::settle_time(HeldToken& token, const SessionRow& row, std::int64_t ended_ms) {
  EXPECT_GE(row.last_used_ms, token.recorded_ms) << told(token) << ": its time went back";
  EXPECT_LE(row.last_used_ms, token.used_before_ms + kClocksApartMs)
      << told(token) << " was used by nobody then";
  token.recorded_ms = row.last_used_ms;
  token.may_have_tenth = !ended_in_order_ || ended_ms <= tenths_until_ms_;
  // An orderly stop keeps every promise. A crash loses the uses that were not written yet.
  if (ended_in_order_) return;
  const std::int64_t counts_from_ms = row.last_used_ms + timeout_ms_ / 10;
  if (counts_from_ms + kStepMs < token.used_after_ms) ++uses_taken_back_;
  token.used_after_ms = std::min(token.used_after_ms, counts_from_ms);
}

}  // namespace latchkey::test
