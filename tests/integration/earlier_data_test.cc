// A data directory of database version 3. The present version starts on it with its users, tokens and known
// addresses.
#include <gtest/gtest.h>

#include "earlier_directory.h"

namespace latchkey::test {
namespace {

constexpr std::int64_t kMadeAt = 1'795'802'583;  // seconds since 1970

constexpr const char* kAlicesToken = "6dff1ed0ae097d348cc477675f010763976e5451";
constexpr const char* kAlicesOtherToken = "6dff051564db29ad6cbbb23706373f34d8c714f4";
constexpr const char* kCarolsToken = "19d8263d4094c3816a4c60ce37cedf39d4a658d4";
constexpr const char* kDavesToken = "ec77a3b5e24b7c9081d0758dd3de5fac834685f7";
constexpr const char* kDavesDeadToken = "ec77b93e13260f35d57122318e282fea5866fe56";
constexpr const char* kDavesAddress = "192.0.2.4";
constexpr const char* kElsewhere = "198.51.100.1";

class EarlierData : public EarlierDirectory {
 protected:
  void SetUp() override {
    start_on("version-3", kMadeAt, {.flags = {"--login-failures-by-user", "2"}, .throttle = true});
  }

  Response log_in_from(const std::string& address, const std::string& name, const std::string& password) {
    HttpClient client(server_->port());
    return post_login(client, login_json(name, password),
                      {{"Content-Type", kJsonType}, {"X-Forwarded-For", address}, {"User-Agent", "fixture"}});
  }
  int status_of(const std::string& address, const std::string& name, const std::string& password) {
    return log_in_from(address, name, password).status;
  }
  /// Somebody fails in this name as often as the throttle allows.
  void attack(const std::string& name) {
    while (status_of(kElsewhere, name, "guess") != 429) continue;
  }
};

TEST_F(EarlierData, LetsItsUsersLogInAndNobodyElse) {
  EXPECT_EQ(status_of(kElsewhere, "alice", "correct horse"), 200);
  EXPECT_EQ(status_of(kElsewhere, "bob", "bob's own"), 200) << "a hash that was imported";
  EXPECT_TRUE(server_->wait_for_log("login.rehashed").has_value());
  EXPECT_EQ(status_of(kElsewhere, "bob", "bob's own"), 200);
  EXPECT_EQ(status_of(kElsewhere, "carol", "battery staple"), 400) << "disabled";
  EXPECT_EQ(status_of(kElsewhere, "dave", "open sesam"), 400);
  const Finished listed = run_latchkey(data_, {"user", "list"});
  EXPECT_NE(listed.output.find("alice@example.com"), std::string::npos) << listed.output;
  EXPECT_EQ(run_latchkey(data_, {"user", "enable", "carol"}).status, 0);
  EXPECT_EQ(status_of(kElsewhere, "carol", "battery staple"), 200);
}

TEST_F(EarlierData, AdmitsItsTokensAndRemembersThoseThatAreDead) {
  EXPECT_EQ(use(kAlicesToken, "192.0.2.1").status, 200);
  EXPECT_EQ(use(kAlicesOtherToken, "2001:db8:0:1::1").status, 200);
  const Response me = use(kAlicesToken, "192.0.2.1", kMePath);
  EXPECT_NE(me.body.find(R"("is_superuser":true)"), std::string::npos) << me.body;
  EXPECT_EQ(use(kDavesToken, kDavesAddress).status, 200);
  EXPECT_EQ(use(kDavesToken, kElsewhere).status, 401);
  EXPECT_EQ(refusal_of(use(kDavesDeadToken, kDavesAddress, kVerifyPath, "ended")), "Token is expired");
  EXPECT_EQ(refusal_of(use(kCarolsToken, "192.0.2.3")), "User inactive or deleted");
  EXPECT_EQ(token_in(log_in_from(kDavesAddress, "dave", "open sesame")), kDavesToken);
}

TEST_F(EarlierData, IsKnownWhereItsUsersLoggedInUntilThirtyDaysHavePassed) {
  attack("dave");
  EXPECT_EQ(status_of(kElsewhere, "dave", "open sesame"), 429);
  EXPECT_EQ(status_of("192.0.2.1", "dave", "open sesame"), 429) << "where another logged in";
  EXPECT_EQ(status_of(kDavesAddress, "dave", "open sesame"), 200);
  attack("alice");
  EXPECT_EQ(status_of("2001:db8:0:1::2", "alice", "correct horse"), 200);
  EXPECT_EQ(server_->stop(), 0) << server_->log();
  shift_->passed_s += 30 * kDay;
  server_->start_again();
  attack("alice");
  EXPECT_EQ(status_of("192.0.2.1", "alice", "correct horse"), 429) << "it is too long ago";
}

TEST_F(EarlierData, IsKnownNowhereForWhomIsDisabledOrAnother) {
  for (const char* const act : {"disable", "enable"})
    EXPECT_EQ(run_latchkey(data_, {"user", act, "dave"}).status, 0);
  attack("dave");
  EXPECT_EQ(status_of(kDavesAddress, "dave", "open sesame"), 429);
  EXPECT_EQ(run_latchkey(data_, {"user", "enable", "carol"}).status, 0);
  attack("carol");
  EXPECT_EQ(status_of("192.0.2.3", "carol", "battery staple"), 429) << "who was disabled when it was written";
  EXPECT_EQ(run_latchkey(data_, {"user", "delete", "alice"}).status, 0);
  add_user(data_, "alice", "correct horse");
  attack("alice");
  EXPECT_EQ(status_of("192.0.2.1", "alice", "correct horse"), 429);
}

}  // namespace
}  // namespace latchkey::test
