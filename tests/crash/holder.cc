#include "crash/holder.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <map>

namespace latchkey::test {

namespace {

constexpr const char* kMyTokensPath = "/api/v2/me/tokens/";
constexpr const char* kMyPasswordPath = "/api/v2/me/password/";
/// After each start, one unchanged token in this many is checked.
constexpr std::uint64_t kSampled = 16;
/// How much later than promised a token may end because its time is rounded.
constexpr std::int64_t kRoundingMs = 100;
/// A use this soon after another does not move the time. The token admits for that much longer than its list
/// says.
constexpr std::int64_t kStepMs = 1000;
/// A token with this much time left surely lives until a login is answered.
constexpr std::int64_t kAmpleMs = 3000;

/// Makes the request and notes the times before and after it.
template <class Request>
Response timed(Asked& asked, const Request& request) {
  asked.sent_ms = now_ms();
  Response response = request();
  asked.answered_ms = now_ms();
  return response;
}

}  // namespace

void expect_unavailable(const Response& response) {
  EXPECT_EQ(response.status, 503) << response.body;
  EXPECT_TRUE(response.body.starts_with(R"({"detail":")")) << response.body;
  EXPECT_EQ(response.lines("Retry-After"), 1U);
}

void Holder::work(Shift& shift) {
  try {
    HttpClient client(shift.port);
    for (int answers = 0; answers < shift.most_answers; ++answers) {
      act(client, shift);
      if (--shift.answers_to_that_moment == 0) shift.in_the_moment_of_an_answer();
      shift.answers.advance();
    }
  } catch (const ClientError& error) {
    EXPECT_TRUE(shift.may_end) << name_ << " lost its connection for no reason: " << error.what();
  }
  shift.answers.give_up();
}

/// While the disk may refuse writes, this leaves out what cannot be judged from outside if half of it is
/// refused: the end of all tokens, and a new password.
void Holder::act(HttpClient& client, Shift& shift) {
  const bool may_refuse = shift.may_refuse;
  const std::uint64_t dice = random_() % 100;
  HeldToken* const live = any(Known::kLive);
  HeldToken* const dead = any(dice % 2 == 0 ? Known::kEnded : Known::kEnding);
  if (live == nullptr || dice < 40) {
    log_in_anew(client, may_refuse);
  } else if (dice < 50) {
    log_in_again(client, *live);
  } else if (dice < 70) {
    check(client, *live);
  } else if (dice < 75 && dead != nullptr && dead->known == Known::kEnding) {
    end(client, *dead, may_refuse);
  } else if (dice < 80 && dead != nullptr && dead->known == Known::kEnded) {
    check(client, *dead);
  } else if (dice < 98 || may_refuse) {
    end(client, *live, may_refuse);
  } else if (dice < 99) {
    end_all(client, *live);
  } else {
    change_password(client, *live);
  }
}

HeldToken& Holder::new_token() {
  HeldToken& token = ledger_.tokens().emplace_back();
  token.agent = name_ + "-" + std::to_string(++agents_);
  token.used_before_ms = HeldToken::kUnderWay;
  return token;
}

/// A random token in this state.
HeldToken* Holder::any(Known known) {
  std::vector<HeldToken>& tokens = ledger_.tokens();
  if (tokens.empty()) return nullptr;
  const std::size_t from = random_() % tokens.size();
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    HeldToken& token = tokens[(from + i) % tokens.size()];
    if (token.known == known) return &token;
  }
  return nullptr;
}

void Holder::log_in_anew(HttpClient& client, bool may_refuse) {
  HeldToken& token = new_token();
  Asked asked;
  const Response response = timed(asked, [&] { return log_in(client, token.agent, name_, password_); });
  if (may_refuse && response.status == 503) {
    expect_unavailable(response);
    token.known = Known::kRefused;
    return;
  }
  token.token = token_in(response);
  ledger_.note_use(token, asked);
}

/// A login returns the same token, refreshed, while it lives (C-13).
void Holder::log_in_again(HttpClient& client, HeldToken& token) {
  // If the token may end in the meantime, the login could make another, of which a crash leaves no record.
  if (!ledger_.is_surely_live(token, now_ms() + kAmpleMs)) {
    check(client, token);
    return;
  }
  token.used_before_ms = HeldToken::kUnderWay;
  token.is_changed = true;
  Asked asked;
  const Response response = timed(asked, [&] { return log_in(client, token.agent, name_, password_); });
  if (ledger_.is_surely_live(token, asked.answered_ms)) {
    EXPECT_EQ(token_in(response), token.token);
  } else {
    token.row = token.recorded_ms = 0;
  }
  token.token = token_in(response);
  ledger_.note_use(token, asked);
}

void Holder::check(HttpClient& client, HeldToken& token) {
  const std::int64_t used_before_ms = token.used_before_ms;
  token.used_before_ms = HeldToken::kUnderWay;
  token.is_changed = true;
  Asked asked;
  const Response response = timed(asked, [&] { return use_token(client, token.token, token.agent); });
  token.used_before_ms = used_before_ms;
  ledger_.note_check(token, response, asked);
}

void Holder::end(HttpClient& client, HeldToken& token, bool may_refuse) {
  token.known = Known::kEnding;
  token.is_changed = true;
  Asked asked;
  const Response response = timed(asked, [&] { return end_token(client, token.token, token.agent); });
  if (may_refuse && response.status == 503) {
    expect_unavailable(response);
    token.is_dead_in_memory = true;
    token.died_after_ms = asked.sent_ms;
    // It stops admitting at once, although the disk does not know yet.
    check(client, token);
    return;
  }
  EXPECT_EQ(response.status, 204) << response.body;
  ledger_.note_end(token, asked);
}

void Holder::end_known(HeldToken& token, const Asked& asked) {
  if (token.known == Known::kEnding) ledger_.note_end(token, asked);
}

void Holder::end_all(HttpClient& client, HeldToken& by) {
  for (HeldToken& token : ledger_.tokens()) {
    if (token.known != Known::kLive) continue;
    token.known = Known::kEnding;
    token.is_changed = true;
  }
  Asked asked;
  const Response response = timed(asked, [&] {
    return client.request("DELETE", kMyTokensPath,
                          {{"Authorization", "Token " + by.token}, {"User-Agent", by.agent}});
  });
  if (response.status == 204) {
    for (HeldToken& token : ledger_.tokens()) end_known(token, asked);
    return;
  }
  for (HeldToken& token : ledger_.tokens()) {
    if (token.known == Known::kEnding && !token.is_dead_in_memory) token.known = Known::kLive;
  }
  ledger_.note_check(by, response, asked);
}

/// Ends the user's other tokens too.
void Holder::change_password(HttpClient& client, HeldToken& by) {
  const std::int64_t used_before_ms = by.used_before_ms;
  for (HeldToken& token : ledger_.tokens()) {
    if (token.known != Known::kLive) continue;
    token.is_changed = true;
    if (&token != &by) token.known = Known::kEnding;
  }
  by.used_before_ms = HeldToken::kUnderWay;
  asked_password_ = kPassword + std::to_string(++passwords_);
  Asked asked;
  const Response response = timed(asked, [&] {
    return client.request(
        "POST", kMyPasswordPath,
        {{"Authorization", "Token " + by.token}, {"User-Agent", by.agent}, {"Content-Type", kJsonType}},
        R"({"current_password":")" + password_ + R"(","new_password":")" + *asked_password_ + R"("})");
  });
  by.used_before_ms = used_before_ms;
  const bool is_changed = response.status == 200;
  if (is_changed) password_ = *asked_password_;
  asked_password_.reset();
  for (HeldToken& token : ledger_.tokens()) {
    if (token.known != Known::kEnding) continue;
    if (is_changed) {
      end_known(token, asked);
    } else if (!token.is_dead_in_memory) {
      token.known = Known::kLive;
    }
  }
  if (is_changed) {
    ledger_.note_use(by, asked);
  } else {
    ledger_.note_check(by, response, asked);
  }
}

/// An unanswered change of password has happened or not. Exactly one of the two passwords must admit.
void Holder::find_password(HttpClient& client) {
  if (!asked_password_) return;
  const int with_new = log_in(client, "old or new", name_, *asked_password_).status;
  const int with_old = log_in(client, "old or new", name_, password_).status;
  EXPECT_TRUE((with_new == 200 && with_old == 400) || (with_new == 400 && with_old == 200))
      << name_ << ": the new password gets " << with_new << ", the old one " << with_old;
  if (with_new == 200) password_ = *asked_password_;
  asked_password_.reset();
}

void Holder::verify(std::uint16_t port, bool all) {
  ledger_.note_start(now_ms());
  HttpClient client(port);
  find_password(client);
  verify_times(client);
  for (HeldToken& token : ledger_.tokens()) {
    if (!all && !token.is_changed && random_() % kSampled != 0) continue;
    if (token.known == Known::kAsked) {
      Asked asked;
      const Response response = timed(asked, [&] { return log_in(client, token.agent, name_, password_); });
      // The token found on disk is live. If it has timed out in the meantime, this is another one.
      if (!ledger_.is_surely_live(token, asked.answered_ms)) token.row = token.recorded_ms = 0;
      token.token = token_in(response);
      ledger_.note_use(token, asked);
    } else {
      check(client, token);
    }
    token.is_changed = false;
  }
}

/// Checks when the tokens will end, as the server lists it: not before the promised time, and at most a tenth
/// of the timeout after it.
void Holder::verify_times(HttpClient& client) {
  log_in_anew(client, false);
  const HeldToken by = ledger_.tokens().back();
  const Response response = use_token(client, by.token, by.agent, kMyTokensPath);
  if (response.status != 200 && !ledger_.is_surely_live(by, now_ms())) return;
  ASSERT_EQ(response.status, 200) << response.body;
  std::map<std::string, std::int64_t> ends;
  simdjson::dom::parser parser;
  for (const simdjson::dom::element live : parser.parse(response.body)["results"]) {
    ends[std::string(std::string_view(live["agent"]))] = parse_expires(std::string_view(live["expires"]));
  }
  const std::int64_t timeout_ms = ledger_.timeout_ms();
  for (const HeldToken& token : ledger_.tokens()) {
    const auto end = ends.find(token.agent);
    if (token.known != Known::kLive || end == ends.end()) continue;
    EXPECT_GE(end->second + kRoundingMs + kStepMs, token.used_after_ms + timeout_ms)
        << token.agent << " ends early";
    EXPECT_LE(end->second,
              token.used_before_ms + timeout_ms + (token.may_have_tenth ? timeout_ms / 10 : 0) + kRoundingMs)
        << token.agent << " ends late";
  }
}

}  // namespace latchkey::test
