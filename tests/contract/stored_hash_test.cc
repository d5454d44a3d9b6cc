// C-14 for users whose password hash another program made, in any scheme. They log in, a refusal is the same
// bytes as ever, and the hash becomes Argon2id when they log in.
#include <gtest/gtest.h>

#include <string>

#include "support/rig.h"

namespace latchkey::test {
namespace {

struct Stored {
  const char* name;
  const char* password;
  const char* hash;
};

// tests/unit/credential/stored_scheme_test.cc names their sources.
constexpr Stored kStored[] = {
    {"pbkdf2", "l\xc3\xa8tmein", "pbkdf2_sha256$260000$seasalt$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo="},
    {"bcrypt", "U*U", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
    {"scrypt", "pleaseletmein", "$7$06..../....SodiumChloride$ENlyo6fGw4PCcDBOFepfSZjFUnVatHzCcW55.ZGz3B0"},
    {"yescrypt", "password", "$y$j9T$LdJMENpBABJJ3hIHjB1Bi.$u2OTvjfFNnWXgGAOFvgB1vH5NgjtzZuf1aX1t4YvTE."},
    {"sha512", "Hello world!",
     "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"},
    // tests/unit/credential/foreign_hash_test.cc names the sources of these. The last two are stored within
    // Argon2id.
    {"django_argon2i", "password",
     "argon2$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E"},
    {"django_scrypt", "l\xc3\xa8tmein",
     "scrypt$1024$seasalt$8$5$ozpUt/qDR/QLBzi9csaWJofO252yHC+Oxl5cycNUQkna/"
     "BBjumDq5KMXPAq1Xi3sxxGWxqtAlQmEE+DSWNl+FQ=="},
    {"apr1", "l\xc3\xa8tmein", "$apr1$saltstri$HuxvQMjgix1I57A9uK12q0"},
    {"ssha", "l\xc3\xa8tmein", "{SSHA}3lQyv8cbnV/nhmjP7ViiTeHpSmv6+/z9/v8AAAAAAAAAAAAA"},
};

constexpr const char* kRehashed = "event=login.rehashed user=";

void import(const ServerProcess& server, const std::string& name, const std::string& hash) {
  const Finished added =
      run_latchkey(server.data(), {"user", "add", name, "--password-hash-stdin"}, hash + "\n");
  ASSERT_EQ(added.status, 0) << added.errors;
}

void import_all(const ServerProcess& server) {
  for (const auto& [name, password, hash] : kStored) import(server, name, hash);
}

/// Expects each user to log in. A wrong password before and after gets the bytes of an unknown user's
/// refusal. The second login uses the new hash.
void expect_logins(ServerProcess& server) {
  HttpClient client(server.port());
  const Response unknown = log_in(client, own_agent(), "nobody", "x");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(unknown.body, kUnableToLogIn);
  for (const auto& [name, password, hash] : kStored) {
    const Response before = log_in(client, own_agent(), name, "wrong");
    EXPECT_EQ(before.status, unknown.status) << name;
    EXPECT_EQ(before.body, unknown.body) << name;
    EXPECT_EQ(server.log().find(kRehashed + std::string(name)), std::string::npos) << server.log();

    EXPECT_EQ(log_in(client, own_agent(), name, password).status, 200) << name;
    EXPECT_TRUE(server.wait_for_log(kRehashed + std::string(name)).has_value()) << server.log();

    EXPECT_EQ(log_in(client, own_agent(), name, password).status, 200) << name;
    EXPECT_EQ(log_in(client, own_agent(), name, "wrong").body, unknown.body) << name;
  }
}

TEST(C14, AUserOfAnySchemeLogsInAndIsRefusedLikeAnyOther) {
  OwnServer server;
  import_all(server.process);
  expect_logins(server.process);
  EXPECT_EQ(server.process.stop(), 0);
  EXPECT_EQ(server.process.log().find("level=error"), std::string::npos) << server.process.log();
}

TEST(C14, AUserOfAnySchemeWhoWasThereBeforeTheServerLogsInToo) {
  OwnServer server;
  ASSERT_EQ(server.process.stop(), 0);
  import_all(server.process);
  server.process.start_again();
  expect_logins(server.process);
  EXPECT_EQ(server.process.stop(), 0);
  EXPECT_EQ(server.process.log().find("login.kinds_not_measured"), std::string::npos) << server.process.log();
}

// bcrypt sees only the first 72 bytes, so a password with a wrong end is as good as the right one. If the
// hash were made anew from what was typed, the right password would be refused from then on. From
// crypt_blowfish 1.3, wrapper.c.
TEST(C14, APasswordOfWhichTheHashSeesTheBeginningAloneReplacesNothing) {
  constexpr const char* kHash = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
  const std::string seen = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  const std::string right = seen + "chars after 72 are ignored";
  OwnServer server;
  import(server.process, "long", kHash);
  HttpClient client(server.process.port());
  for (const std::string& typed : {seen + "a wrong end", seen, seen + "?", right}) {
    EXPECT_EQ(log_in(client, own_agent(), "long", typed).status, 200) << typed;
    EXPECT_EQ(log_in(client, own_agent(), "long", right).status, 200) << typed;
  }
  // `long:`, the 72 bytes that the password begins with, and a wrong end.
  const Response basic = client.request(
      "GET", kMePath,
      {{"Authorization",
        "Basic "
        "bG9uZzowMTIzNDU2Nzg5YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXpBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWjAxMjM0"
        "NTY3ODk/Pz8="}});
  EXPECT_EQ(basic.status, 200) << basic.body;
  EXPECT_EQ(log_in(client, own_agent(), "long", right).status, 200);
  EXPECT_EQ(log_in(client, own_agent(), "long", seen.substr(1)).status, 400);
  EXPECT_EQ(server.process.stop(), 0);
  const std::string log = server.process.log();
  EXPECT_EQ(log.find(kRehashed), std::string::npos) << log;
  const std::size_t line = log.find("event=login.not_rehashed");
  ASSERT_NE(line, std::string::npos) << log;
  EXPECT_EQ(log.find("event=login.not_rehashed", line + 1), std::string::npos) << "a line for each login";
}

TEST(C14, APasswordThatALoginMayNotHaveIsWrongByBasicToo) {
  // The hash of the empty password: crypt_blowfish 1.3, wrapper.c.
  constexpr const char* kOfNothing = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy";
  OwnServer server;
  import(server.process, "bare", kOfNothing);
  HttpClient client(server.process.port());
  EXPECT_EQ(log_in(client, own_agent(), "bare", "").status, 400);
  // `bare:`, and `alice:correct horse` followed by a NUL.
  for (const char* const word : {"YmFyZTo=", "YWxpY2U6Y29ycmVjdCBob3JzZQA="}) {
    const Response shown = client.request("GET", kMePath, {{"Authorization", std::string("Basic ") + word}});
    EXPECT_EQ(shown.status, 401) << word;
    EXPECT_EQ(shown.body, detail("Invalid username/password.")) << word;
  }
}

TEST(C14, APasswordsHashIsImportedInThePlaceOfAPassword) {
  OwnServer server;
  HttpClient client(server.process.port());
  const std::string token = obtain_token(client, own_agent());
  const Finished set = run_latchkey(server.process.data(), {"user", "passwd", kUser, "--password-hash-stdin"},
                                    std::string(kStored[1].hash) + "\n");
  EXPECT_EQ(set.status, 0) << set.errors;
  EXPECT_EQ(use_token(client, token, own_agent()).status, 401);
  EXPECT_EQ(log_in(client, own_agent(), kUser, kPassword).body, kUnableToLogIn);
  EXPECT_EQ(log_in(client, own_agent(), kUser, kStored[1].password).status, 200);
}

TEST(C14, AHashThatIsNotReadIsRefusedAtItsImportWithTheSchemesThatAre) {
  OwnServer server;
  const auto refused = [&](const std::string& hash, const std::string& reason) {
    const Finished added =
        run_latchkey(server.process.data(), {"user", "add", "dave", "--password-hash-stdin"}, hash + "\n");
    EXPECT_EQ(added.status, 1);
    EXPECT_NE(added.errors.find(reason), std::string::npos) << added.errors;
  };
  refused("$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "yescrypt");
  refused("hunter2", "pbkdf2_sha256");
  refused("$2b$05$short", "malformed");
  refused("$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "bounds");
  const Finished both = run_latchkey(
      server.process.data(), {"user", "add", "dave", "--password-stdin", "--password-hash-stdin"}, "x\n");
  EXPECT_EQ(both.status, 2);
  EXPECT_EQ(run_latchkey(server.process.data(), {"user", "list"}).output.find("dave"), std::string::npos);
}

}  // namespace
}  // namespace latchkey::test
