// Logins during a change of the password: which come before it and which after, from one place (C-13).
#include "api/logins.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core_rig.h"
#include "latchkey/api/login_check.h"
#include "latchkey/http/request_parser.h"
#include "support/shard_rig.h"
#include "support/store_doubles.h"

namespace latchkey::api {
namespace {

constexpr OperationDescription kLogin = {http::Method::kPost, "POST",       "login",   "Log in",
                                         Access::kAnyone,     kLoginFields, kBodyTypes};

/// One request for a token, its answer, and its outcome.
struct Attempt {
  Attempt(std::string_view password, const http::ServerLines& lines)
      : bytes("POST /auth/token HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n\r\n"),
        body(R"({"username":"alice","password":")" + std::string(password) + R"("})"),
        response(output, {lines, {}, true, 1, false}) {
    http::parse_request_head(bytes, 0, {}, head);
  }

  const std::string bytes;
  const std::string body;
  const net::IpAddress peer = net::IpAddress::from_v4(192, 0, 2, 1);
  http::RequestHead head;
  ConnectionBinding binding;
  std::string output;
  http::ResponseWriter response;
  http::Exchange exchange{head, body, peer, &binding, response};
  std::optional<Granted> granted;
  bool ended = false;
};

/// Tests with the core's shard.
class LoginsTest : public CoreTest {
 protected:
  LoginsTest() : CoreTest(8) {
    shard_rig_.quiescence.activate(0);
    set_password("old pass");
  }

  void end_all(store::Death reason) {
    auto keep = [](runtime::Task<Result<std::size_t>> task, bool& done) -> runtime::Task<void> {
      const Result<std::size_t> ended = co_await task;
      done = ended.has_value();
    };
    bool done = false;
    loop_.nursery().spawn(keep(sessions_.end_all(directory_.user->id, reason), done));
    turn();
    EXPECT_TRUE(done);
  }
  /// Logins that waited for another go on in the shard's part of a pass.
  void turn() override {
    do {
      CoreTest::turn();
      shard_->advance(shard_rig_.table_clock.now(), 0);
    } while (shard_->behind());
    CoreTest::turn();
  }
  /// As MyPasswordResource and Admin do.
  void change_password(std::string_view password) {
    set_password(password);
    end_all(store::Death::kDeleted);
  }

  std::unique_ptr<Attempt> start(std::string_view password) {
    auto attempt = std::make_unique<Attempt>(password, lines_);
    loop_.nursery().spawn(run(logins_, services_, *attempt));
    turn();
    return attempt;
  }
  /// Starts a login that has verified its password and has not asked for a token yet.
  std::unique_ptr<Attempt> start_and_stop(std::string_view password) {
    addresses_.gate.stop_next();
    auto attempt = start(password);
    EXPECT_TRUE(addresses_.gate.has_waiters());
    return attempt;
  }
  void finish(const Attempt& attempt) {
    CoreTest::finish([&attempt] { return attempt.ended; });
    EXPECT_TRUE(attempt.ended);
  }

  static bool is_refused(const Attempt& attempt) {
    return attempt.ended && !attempt.granted && attempt.response.status_code() == 400;
  }
  token::Outcome check(const Attempt& attempt) {
    if (!attempt.granted) return token::Outcome::kUnknown;
    return sessions_.check(attempt.granted->login.token, sessions_.binding(attempt.peer, {}), clock_.boot())
        .outcome;
  }

  static runtime::Task<void> run(Logins& logins, Services& services, Attempt& attempt) {
    RequestContext request(attempt.exchange, services, "POST", {.basic = false});
    auto logging_in = logins.log_in(request, kLogin, LoginVia::kAuthtoken);
    attempt.granted = co_await logging_in;
    attempt.ended = true;
  }

  token::KeyFile key_file_;
  token::Keyring keyring_{key_file_};
  token::Binder binder_{keyring_, {}};
  test::FakeStore store_;
  test::NoKnownAddresses addresses_;
  DirectoryLoginCheck login_check_{directory_};
  test::ShardRig shard_rig_{{.clock = clock_, .random = random_, .keyring = keyring_, .log = log_}};
  std::unique_ptr<token::Shard> shard_ = shard_rig_.make_shard(store_, login_check_, {}).value();
  std::vector<token::Shard*> shards_{shard_.get()};
  ApiSettings settings_;
  SessionsContext sessions_context_{
      shards_, keyring_, binder_, shard_rig_.table_clock, shard_rig_.quiescence, settings_};
  credential::Throttle throttle_{credential::ThrottleSettings{}, random_};
  PasswordCheck passwords_{PasswordCheckParts{loop_, log_, throttle_, addresses_, authenticator_, keyring_}};
  Sessions sessions_{mailbox_.port(0), sessions_context_};
  runtime::Turns turns_;
  ApiMetrics metrics_;
  Services services_{loop_,      log_,    settings_, sessions_, passwords_,
                     directory_, hasher_, store_,    turns_,    metrics_};
  Logins logins_{services_};
  http::ServerLines lines_{"h"};
};

TEST_F(LoginsTest, FromOnePlaceTheyGetOneToken) {
  const auto first = start("old pass");
  const auto second = start("old pass");
  ASSERT_TRUE(first->granted && second->granted);
  EXPECT_EQ(second->granted->login.token, first->granted->login.token);
  EXPECT_TRUE(first->granted->login.is_new);
  EXPECT_FALSE(second->granted->login.is_new);
  EXPECT_EQ(check(*first), token::Outcome::kAdmitted);
}

TEST_F(LoginsTest, OneWhosePasswordIsChangedIsRefusedAndLeavesNoToken) {
  const auto older = start_and_stop("old pass");
  change_password("new pass");
  addresses_.gate.open();
  turn();
  EXPECT_FALSE(older->ended) << "a refusal waits for its step of time";
  finish(*older);
  EXPECT_TRUE(is_refused(*older));
  EXPECT_EQ(shard_->counts().live, 0U);
  EXPECT_TRUE(log_.has("login.refused"));
}

TEST_F(LoginsTest, OneWhoseUserIsDisabledIsRefusedAndLeavesNoToken) {
  const auto older = start_and_stop("old pass");
  directory_.user->active = false;
  end_all(store::Death::kInactive);
  addresses_.gate.open();
  finish(*older);
  EXPECT_TRUE(is_refused(*older));
  EXPECT_EQ(shard_->counts().live, 0U);
}

TEST_F(LoginsTest, OneWhosePasswordIsChangedLeavesTheTokenThatANewerOneWasGiven) {
  const auto older = start_and_stop("old pass");
  change_password("new pass");
  const auto newer = start("new pass");
  ASSERT_TRUE(newer->granted);
  addresses_.gate.open();
  finish(*older);
  EXPECT_TRUE(is_refused(*older));
  EXPECT_EQ(check(*newer), token::Outcome::kAdmitted);
}

// The older login has its place among the tokens. Its outdated password is noticed only after the newer one
// has come.
TEST_F(LoginsTest, OneWhosePasswordIsChangedTakesNoTokenFromANewerOneThatCameBesideIt) {
  const auto older = start_and_stop("old pass");
  change_password("new pass");
  directory_.gate.stop_next();
  addresses_.gate.open();
  turn();
  ASSERT_TRUE(directory_.gate.has_waiters());
  const auto newer = start("new pass");
  directory_.gate.open();
  finish(*older);
  finish(*newer);
  EXPECT_TRUE(is_refused(*older));
  ASSERT_TRUE(newer->granted);
  EXPECT_EQ(check(*newer), token::Outcome::kAdmitted);
}

// It looked at the directory before the change. What it makes ends with all other tokens.
TEST_F(LoginsTest, OneThatTheChangeComesUponAfterItsLookIsRefusedToo) {
  directory_.gate.stop_next();
  const auto older = start("old pass");
  ASSERT_TRUE(directory_.gate.has_waiters());
  change_password("new pass");
  directory_.gate.open();
  finish(*older);
  EXPECT_TRUE(is_refused(*older));
  EXPECT_EQ(shard_->counts().live, 0U);
}

// An end of all is not a change of the password, so the client should try again.
TEST_F(LoginsTest, OneThatTheEndOfAllComesUponIsToldToTryAgain) {
  directory_.gate.stop_next();
  const auto attempt = start("old pass");
  end_all(store::Death::kDeleted);
  directory_.gate.open();
  finish(*attempt);
  EXPECT_FALSE(attempt->granted);
  EXPECT_EQ(attempt->response.status_code(), 503);
  const auto again = start("old pass");
  EXPECT_EQ(check(*again), token::Outcome::kAdmitted);
}

TEST_F(LoginsTest, OneThatTheLogHasNoRoomForWaitsAndMakesNoTokenMeanwhile) {
  log_.has_room = false;
  const auto attempt = start("old pass");
  EXPECT_FALSE(attempt->ended);
  EXPECT_EQ(shard_->counts().live, 0U);
  log_.has_room = true;
  finish(*attempt);
  EXPECT_EQ(check(*attempt), token::Outcome::kAdmitted);
  EXPECT_EQ(log_.count("login.new"), 1U);
}

TEST_F(LoginsTest, OneThatTheLogHasNoRoomForInTimeIsToldToTryAgainAndLeavesNoToken) {
  log_.has_room = false;
  const auto attempt = start("old pass");
  finish(*attempt);
  EXPECT_FALSE(attempt->granted);
  EXPECT_EQ(attempt->response.status_code(), 503);
  EXPECT_NE(attempt->output.find("Retry-After: "), std::string::npos);
  EXPECT_EQ(shard_->counts().live, 0U);
  EXPECT_EQ(store_.logins, 0U);
}

TEST_F(LoginsTest, OneThatIsRefusedNeedsNoRoomInTheLog) {
  log_.has_room = false;
  const auto attempt = start("wrong");
  finish(*attempt);
  EXPECT_TRUE(is_refused(*attempt));
}

}  // namespace
}  // namespace latchkey::api
