// The command latchkey, with a running server (through its admin socket, so it takes effect at once) and
// without one.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "support/rig.h"

namespace latchkey::test {
namespace {

constexpr int kDone = 0;
constexpr int kRefused = 1;
constexpr int kWrongUsage = 2;

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// Expects that the command succeeded and had nothing to complain of.
void expect_done(const Finished& command) {
  EXPECT_EQ(command.status, kDone) << command.errors;
  EXPECT_EQ(command.errors, "");
}

/// Expects that the command refused with one sentence that contains `part`.
void expect_refused(const Finished& command, const std::string& part) {
  EXPECT_EQ(command.status, kRefused) << command.output;
  EXPECT_TRUE(command.errors.starts_with("latchkey: ")) << command.errors;
  EXPECT_TRUE(holds(command.errors, part)) << part << " in: " << command.errors;
  EXPECT_EQ(command.output, "");
}

/// Both ways of working must do the same: each test runs beside a server and on the files alone.
class Command : public ::testing::TestWithParam<bool> {
 protected:
  Command() {
    if (!GetParam()) server_.stop();
  }

  Finished run(const std::vector<std::string>& words, std::string input = {}) {
    return run_latchkey(data_, words, std::move(input));
  }

  /// A client of a server over the data, which is started if none runs.
  HttpClient client() {
    if (!GetParam()) server_.start_again();
    return HttpClient(server_.port());
  }

  /// From here on the command works on the files alone again, if the test is about that.
  void leave() {
    if (!GetParam()) server_.stop();
  }

  TemporaryDirectory directory_;
  const std::filesystem::path data_ = directory_ / "data";
  ServerProcess server_{data_};
};

TEST_P(Command, LeavesAByteOrderMarkOutOfAPasswordAndSaysSo) {
  for (const char* const input : {"\xef\xbb\xbfopen sesame\n", "\xef\xbb\xbfopen sesame\r\n"}) {
    const Finished added = run({"user", "add", "dave", "--password-stdin"}, input);
    EXPECT_EQ(added.status, kDone) << added.errors;
    EXPECT_TRUE(holds(added.errors, "byte order mark")) << added.errors;
    HttpClient browser = client();
    EXPECT_EQ(log_in(browser, "browser", "dave", "open sesame").status, 200);
    leave();
    expect_done(run({"user", "delete", "dave"}));
  }
  // The hash of "U*U", saved as an editor does it.
  const Finished imported =
      run({"user", "add", "dave", "--password-hash-stdin"},
          "\xef\xbb\xbf$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\r\n");
  EXPECT_EQ(imported.status, kDone) << imported.errors;
  EXPECT_TRUE(holds(imported.errors, "byte order mark")) << imported.errors;
  expect_refused(run({"user", "passwd", "dave", "--password-stdin"}, "\xef\xbb\xbf\n"), "empty");
}

TEST_P(Command, RefusesAPasswordThatIsNotInUtf8AndSaysWhatItLooksLike) {
  using std::string_literals::operator""s;
  for (const std::string& input : {"\xff\xfex\0y\0\n\0"s, "\xfe\xff\0x\0y\0\n"s, "\xff\xfe\0\0x\0\0\0"s,
                                   "\0\0\xfe\xff\0\0\0x"s, "x\0y\0\r\0\n\0"s, "\0x\0y\0\n"s}) {
    for (const char* const how : {"--password-stdin", "--password-hash-stdin"})
      expect_refused(run({"user", "add", "dave", how}, input), "UTF-16");
  }
  expect_refused(run({"user", "add", "dave", "--password-stdin"}, "a\0b\n"s), "NUL");
}

TEST_P(Command, MakesNoUserWhoseNameLooksLikeAnothers) {
  const std::pair<std::string, const char*> names[] = {
      {"al\u200bice", "U+200B"}, {"\ufeffalice", "U+FEFF"},      {"al\u00adice", "U+00AD"},
      {"\u202eecila", "U+202E"}, {"zoe\u0308", "NFC"},           {"alice\ufe0f", "U+FE0F"},
      {"\ue000", "U+E000"},      {"alice\U000e0041", "U+E0041"}, {"\u0378", "U+0378"},
      {"a\u2003b", "U+2003"}};
  for (const auto& [name, reason] : names)
    expect_refused(run({"user", "add", name, "--password-stdin"}, "open sesame\n"), reason);
  expect_done(run({"user", "add", "zo\u00eb van der Ärzte 2", "--password-stdin"}, "open sesame\n"));
}

TEST_P(Command, AddsAUserWhoCanLogIn) {
  expect_done(run({"user", "add", "dave", "--password-stdin"}, "open sesame\n"));
  HttpClient browser = client();
  EXPECT_EQ(log_in(browser, "browser", "dave", "open sesame").status, 200);
  EXPECT_EQ(log_in(browser, "browser", "dave", "open sesame\n").status, 400)
      << "the line's end is no part of it";
}

TEST_P(Command, TakesThePasswordToTheByteUpToTheEndOfItsLine) {
  expect_done(run({"user", "add", "dave", "--password-stdin"}, "  päss \t wörd "));
  expect_done(run({"user", "add", "erin", "--password-stdin"}, " erin \n"));
  HttpClient browser = client();
  EXPECT_EQ(log_in(browser, "browser", "dave", "  päss \t wörd ").status, 200);
  EXPECT_EQ(log_in(browser, "browser", "erin", " erin ").status, 200);
}

TEST_P(Command, RefusesAUserWhoIsThereAlready) {
  expect_done(run({"user", "add", "dave", "--password-stdin"}, "one\n"));
  expect_refused(run({"user", "add", "dave", "--password-stdin"}, "two\n"), "dave");
  HttpClient browser = client();
  EXPECT_EQ(log_in(browser, "browser", "dave", "one").status, 200);
}

TEST_P(Command, RefusesANameThatNobodyCouldLogInWith) {
  std::string long_name;
  for (int i = 0; i < 151; ++i) long_name += "ë";
  for (const std::string& name : {std::string("a\x07"), std::string(" dave"), std::string("dave "), long_name,
                                  std::string("a\xff"), std::string("a\nb"), std::string()}) {
    const Finished added = run({"user", "add", name, "--password-stdin"}, "x\n");
    EXPECT_NE(added.status, kDone) << name;
    EXPECT_NE(added.errors, "") << name;
  }
}

TEST_P(Command, RefusesAPasswordThatNobodyCouldSend) {
  expect_refused(run({"user", "add", "dave", "--password-stdin"}, "\n"), "password");
  expect_refused(run({"user", "add", "dave", "--password-stdin"}, ""), "password");
  expect_refused(run({"user", "add", "dave", "--password-stdin"}, std::string(4097, 'x') + "\n"), "password");
  expect_refused(run({"user", "add", "dave", "--password-stdin"}, "a\xff\n"), "password");
  expect_refused(run({"user", "passwd", "nobody", "--password-stdin"}, "x\n"), "nobody");
}

TEST_P(Command, SetsAPasswordAndEndsTheTokensMadeWithTheOldOne) {
  expect_done(run({"user", "add", "dave", "--password-stdin"}, "old\n"));
  std::string token;
  {
    HttpClient browser = client();
    token = obtain_token(browser, "browser", "dave", "old");
    leave();
  }
  expect_done(run({"user", "passwd", "dave", "--password-stdin"}, "new\n"));
  HttpClient browser = client();
  const Response ended = use_token(browser, token, "browser");
  EXPECT_EQ(ended.status, 401);
  EXPECT_EQ(refusal_of(ended), "Token is expired");
  EXPECT_EQ(log_in(browser, "browser", "dave", "old").status, 400);
  EXPECT_NE(obtain_token(browser, "browser", "dave", "new"), token);
}

TEST_P(Command, DisablesAUserWhoseTokensEndAndEnablesHimAgain) {
  expect_done(run({"user", "add", "dave", "--password-stdin"}, "open\n"));
  std::string token;
  {
    HttpClient browser = client();
    token = obtain_token(browser, "browser", "dave", "open");
    leave();
  }
  expect_done(run({"user", "disable", "dave"}));
  expect_done(run({"user", "disable", "dave"}));
  {
    HttpClient browser = client();
    const Response ended = use_token(browser, token, "browser");
    EXPECT_EQ(ended.status, 401);
    EXPECT_EQ(refusal_of(ended), "User inactive or deleted");
    EXPECT_EQ(log_in(browser, "browser", "dave", "open").body, kUnableToLogIn);
    leave();
  }
  expect_done(run({"user", "enable", "dave"}));
  HttpClient browser = client();
  EXPECT_EQ(use_token(browser, token, "browser").status, 401) << "what is dead stays dead";
  EXPECT_EQ(log_in(browser, "browser", "dave", "open").status, 200);
}

TEST_P(Command, UnlocksANameWhereAServerLocksIt) {
  expect_done(run({"user", "add", "dave", "--password-stdin"}, "open\n"));
  const Finished unlocked = run({"user", "unlock", "dave"});
  const Finished as_json = run({"user", "unlock", "dave", "--json"});
  expect_done(unlocked);
  expect_done(as_json);
  // In the rig's server the throttle by user is off.
  EXPECT_TRUE(unlocked.output.starts_with(GetParam() ? "dave through the server at " : "dave in "))
      << unlocked.output;
  EXPECT_TRUE(holds(unlocked.output,
                    GetParam() ? ": the setting login_failures_by_user is 0" : ": no server runs here"))
      << unlocked.output;
  EXPECT_TRUE(holds(as_json.output, R"({"user":"dave","unlocked":false,"detail":")")) << as_json.output;
  expect_refused(run({"user", "unlock", "nobody"}), "there is no user named 'nobody'");
}

TEST_P(Command, DeletesAUserWhoseTokensEnd) {
  expect_done(run({"user", "add", "dave", "--password-stdin"}, "open\n"));
  std::string token;
  {
    HttpClient browser = client();
    token = obtain_token(browser, "browser", "dave", "open");
    leave();
  }
  expect_done(run({"user", "delete", "dave"}));
  expect_refused(run({"user", "delete", "dave"}), "dave");
  EXPECT_FALSE(holds(run({"user", "list"}).output, "dave"));
  {
    HttpClient browser = client();
    EXPECT_EQ(refusal_of(use_token(browser, token, "browser")), "User inactive or deleted");
    EXPECT_EQ(log_in(browser, "browser", "dave", "open").body, kUnableToLogIn);
    leave();
  }
  // The next user of that name is a different one.
  expect_done(run({"user", "add", "dave", "--password-stdin"}, "open\n"));
  HttpClient browser = client();
  EXPECT_EQ(use_token(browser, token, "browser").status, 401);
  EXPECT_NE(obtain_token(browser, "browser", "dave", "open"), token);
}

TEST_P(Command, ListsUsersForPeopleAndForPrograms) {
  EXPECT_TRUE(holds(run({"user", "list", "--json"}).output, "\"users\":[]"));
  expect_done(run({"user", "add", "zoë%", "--password-stdin"}, "x\n"));
  expect_done(run({"user", "add", "dave", "--password-stdin", "--superuser", "--first-name", "Dave",
                   "--last-name", "O\"Neil", "--email", "dave@example.org"},
                  "x\n"));
  expect_done(run({"user", "disable", "zoë%"}));
  const Finished for_people = run({"user", "list"});
  expect_done(for_people);
  EXPECT_TRUE(holds(for_people.output, "dave"));
  EXPECT_TRUE(holds(for_people.output, "zoë%"));
  const Finished for_programs = run({"user", "list", "--json"});
  expect_done(for_programs);
  EXPECT_LT(for_programs.output.find("\"name\":\"dave\""), for_programs.output.find("\"name\":\"zoë%\""))
      << for_programs.output;
  EXPECT_TRUE(
      holds(for_programs.output,
            R"("name":"dave","active":true,"superuser":true,"first_name":"Dave","last_name":"O\"Neil")"))
      << for_programs.output;
  EXPECT_TRUE(holds(for_programs.output, R"("name":"zoë%","active":false)")) << for_programs.output;
  for (const std::string& output : {for_people.output, for_programs.output}) {
    EXPECT_FALSE(holds(output, "argon2")) << output;
  }
}

TEST_P(Command, ListsAndRevokesTheTokensOfAUser) {
  expect_done(run({"user", "add", "dave", "--password-stdin"}, "open\n"));
  expect_done(run({"user", "add", "erin", "--password-stdin"}, "open\n"));
  std::string first;
  std::string second;
  std::string erins;
  {
    HttpClient browser = client();
    first = obtain_token(browser, "browser/1", "dave", "open");
    second = obtain_token(browser, "browser/2", "dave", "open");
    erins = obtain_token(browser, "browser/1", "erin", "open");
    leave();
  }
  const Finished listed = run({"token", "list", "dave", "--json"});
  expect_done(listed);
  EXPECT_TRUE(holds(listed.output, R"("agent":"browser/1")")) << listed.output;
  EXPECT_TRUE(holds(listed.output, R"("agent":"browser/2")")) << listed.output;
  EXPECT_TRUE(holds(listed.output, R"("address":"127.0.0.1")")) << listed.output;
  for (const std::string& token : {first, second, erins}) EXPECT_FALSE(holds(listed.output, token));
  EXPECT_TRUE(holds(run({"token", "list", "dave"}).output, "browser/2"));

  const Finished revoked = run({"token", "revoke", "dave", "--json"});
  expect_done(revoked);
  EXPECT_TRUE(holds(revoked.output, R"("ended_tokens":2)")) << revoked.output;
  EXPECT_TRUE(holds(run({"token", "revoke", "dave", "--json"}).output, R"("ended_tokens":0)"));
  expect_refused(run({"token", "revoke", "nobody"}), "nobody");
  HttpClient browser = client();
  EXPECT_EQ(refusal_of(use_token(browser, first, "browser/1")), "Token is expired");
  EXPECT_EQ(refusal_of(use_token(browser, second, "browser/2")), "Token is expired");
  EXPECT_EQ(use_token(browser, erins, "browser/1").status, 200);
}

TEST_P(Command, ShowsWhatIsNotSeenAndKeepsItsColumns) {
  expect_done(run({"user", "add", "dave", "--password-stdin", "--first-name", "a\u202eb"}, "open\n"));
  expect_done(run({"user", "add", "日本語", "--password-stdin", "--first-name", "here"}, "open\n"));
  const std::string users = run({"user", "list"}).output;
  EXPECT_TRUE(holds(users, "dave    yes"))
      << users << "four columns and two, as six of wide characters and two";
  EXPECT_TRUE(holds(users, "日本語  yes")) << users;
  EXPECT_TRUE(holds(users, R"(a\u202eb)")) << users;
  HttpClient browser = client();
  ASSERT_EQ(log_in(browser, "x\u200b\u2028\xff y", "dave", "open").status, 200);
  leave();
  const std::string tokens = run({"token", "list", "dave"}).output;
  EXPECT_TRUE(holds(tokens, R"(x\u200b\u2028)")) << tokens;
  EXPECT_TRUE(holds(tokens, " y\n")) << tokens;
}

TEST_P(Command, SpeaksJsonWhereItIsAskedTo) {
  const Finished added = run({"user", "add", "dave", "--password-stdin", "--json"}, "open\n");
  expect_done(added);
  EXPECT_TRUE(added.output.starts_with("{")) << added.output;
  EXPECT_TRUE(holds(added.output, R"("name":"dave","active":true,"superuser":false)")) << added.output;
  EXPECT_FALSE(holds(added.output, "open"));
  const Finished refused = run({"user", "add", "dave", "--password-stdin", "--json"}, "open\n");
  EXPECT_EQ(refused.status, kRefused);
  EXPECT_TRUE(holds(refused.output + refused.errors, "dave"));
}

std::string way_to_work(const ::testing::TestParamInfo<bool>& test) {
  return test.param ? "BesideAServer" : "Alone";
}

TEST_P(Command, PutsAUserIntoGroupsAndTakesThemOut) {
  expect_done(
      run({"user", "add", "dave", "--password-stdin", "--group", "staff", "--group", "night shift"}, "x\n"));
  const Finished added = run({"user", "group", "add", "dave", "admins", "ops"});
  expect_done(added);
  EXPECT_TRUE(holds(added.output, "dave ")) << added.output;
  EXPECT_TRUE(holds(added.output, ": is in admins, night shift, ops, staff\n")) << added.output;
  expect_done(run({"user", "group", "remove", "dave", "ops", "admins", "none"}));
  EXPECT_TRUE(holds(run({"user", "list"}).output, "night shift, staff"));
  EXPECT_TRUE(holds(run({"user", "list", "--json"}).output, R"("groups":["night shift","staff"])"));
  const Finished gone = run({"user", "group", "remove", "dave", "staff", "night shift"});
  EXPECT_TRUE(holds(gone.output, ": is in no group\n")) << gone.output;
}

TEST_P(Command, RefusesAGroupThatNoListCouldHold) {
  expect_done(run({"user", "add", "dave", "--password-stdin"}, "x\n"));
  expect_refused(run({"user", "group", "add", "dave", "a,b"}), "the group's name has a comma");
  expect_refused(run({"user", "group", "add", "dave", " a"}), "white space");
  expect_refused(run({"user", "group", "add", "dave", "a\xff"}), "UTF-8");
  expect_refused(run({"user", "group", "add", "nobody", "staff"}), "there is no user named 'nobody'");
  expect_refused(run({"user", "add", "eve", "--password-stdin", "--group", "a,b"}, "x\n"), "comma");
  EXPECT_EQ(run({"user", "group", "add", "dave"}).status, kWrongUsage);
  EXPECT_EQ(run({"user", "group"}).status, kWrongUsage);
}

TEST_P(Command, SetsTheDetailsOfAUserAndClearsThem) {
  expect_done(run({"user", "add", "dave", "--password-stdin", "--email", "old@example.org"}, "x\n"));
  expect_done(run({"user", "set", "dave", "--first-name", "Dave", "--last-name", "O\"Neil"}));
  EXPECT_TRUE(holds(run({"user", "list", "--json"}).output,
                    R"("first_name":"Dave","last_name":"O\"Neil","email":"old@example.org")"));
  expect_done(run({"user", "set", "dave", "--email", ""}));
  EXPECT_TRUE(holds(run({"user", "list", "--json"}).output, R"("last_name":"O\"Neil","email":"")"));
  expect_refused(run({"user", "set", "dave"}), "give --first-name, --last-name or --email");
  expect_refused(run({"user", "set", "dave", "--email", "a\x07"}),
                 "the email address has a control character");
}

TEST_P(Command, AsksForNoPasswordToTellApplicationsOfAGroup) {
  expect_done(run({"user", "add", "dave", "--password-stdin", "--group", "staff"}, "x\n"));
  HttpClient browser = client();
  const std::string token = obtain_token(browser, "browser", "dave", "x");
  EXPECT_EQ(use_token(browser, token, "browser").value("Remote-Groups"), "staff");
  EXPECT_TRUE(holds(use_token(browser, token, "browser", kMePath).body, R"("groups":["staff"])"));
}

INSTANTIATE_TEST_SUITE_P(TheTwoWays, Command, ::testing::Bool(), way_to_work);

TEST(CommandLine, ThatIsWrongIsToldSo) {
  TemporaryDirectory directory;
  for (const std::vector<std::string>& words : {std::vector<std::string>{},
                                                {"user"},
                                                {"user", "add"},
                                                {"user", "make", "dave"},
                                                {"token", "revoke"},
                                                {"token", "revoke", "dave", "--all"},
                                                {"user", "add", "dave", "--nonsense"},
                                                {"user", "list", "dave", "erin"}}) {
    const Finished command = run_latchkey(directory / "data", words);
    EXPECT_EQ(command.status, kWrongUsage) << command.output << command.errors;
    EXPECT_NE(command.errors, "");
  }
  EXPECT_FALSE(std::filesystem::exists(directory / "data"));
}

TEST(CommandLine, TakesNoPasswordAsAnArgument) {
  TemporaryDirectory directory;
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"user", "add", "dave", "--password", "secret"},
        {"user", "add", "dave", "--password=secret"},
        {"user", "add", "dave", "secret"}}) {
    const Finished command = run_latchkey(directory / "data", words);
    EXPECT_EQ(command.status, kWrongUsage) << command.output << command.errors;
  }
}

TEST(CommandLine, WithoutATerminalAsksForThePasswordOnStandardInput) {
  TemporaryDirectory directory;
  const Finished command = run_latchkey(directory / "data", {"user", "add", "dave"});
  EXPECT_NE(command.status, kDone);
  EXPECT_TRUE(holds(command.errors, "--password-stdin")) << command.errors;
}

TEST(CommandHelp, NamesWhatThereIs) {
  TemporaryDirectory directory;
  const Finished help = run_latchkey(directory / "data", {"--help"});
  EXPECT_EQ(help.status, kDone);
  for (const std::string part : {"user", "token", "--data"})
    EXPECT_TRUE(holds(help.output, part)) << help.output;
}

TEST(CommandBesideAServer, HoldsOnEveryCoreAtOnce) {
  ServerOptions options;
  options.cores = 2;
  OwnServer server(options);
  constexpr std::size_t kConnections = 12;
  std::vector<HttpClient> clients;
  std::vector<std::string> tokens;
  for (std::size_t i = 0; i < kConnections; ++i) {
    clients.emplace_back(server.process.port());
    tokens.push_back(obtain_token(clients.back(), "agent" + std::to_string(i)));
  }
  expect_done(run_latchkey(server.process.data(), {"user", "disable", kUser}));
  for (std::size_t i = 0; i < kConnections; ++i) {
    EXPECT_EQ(refusal_of(use_token(clients[i], tokens[i], "agent" + std::to_string(i))),
              "User inactive or deleted");
  }
}

TEST(CommandBesideAServer, SaysAsJsonWhatAnUnlockingGivesAGuesser) {
  ServerOptions options;
  options.throttle = true;
  OwnServer server(options);
  const Finished unlocked = run_latchkey(server.process.data(), {"user", "unlock", kUser, "--json"});
  EXPECT_EQ(unlocked.output, R"({"user":"alice","unlocked":true,"seconds":300,"guesses_by_address":10})"
                             "\n");
  const Finished set =
      run_latchkey(server.process.data(), {"user", "passwd", kUser, "--json", "--password-stdin"}, "new\n");
  EXPECT_EQ(set.output,
            R"({"user":"alice","ended_tokens":0,"unlocked":true,"seconds":300,"guesses_by_address":10})"
            "\n");
}

TEST(CommandBesideAServer, ATokenMadeDuringADisablingIsEndedByIt) {
  ServerOptions options;
  options.cores = 2;
  OwnServer server(options);
  for (int round = 0; round < 5; ++round) {
    constexpr std::size_t kClients = 6;
    std::vector<std::vector<std::pair<std::string, std::string>>> tokens(kClients);
    Progress logins;
    std::thread disabling([&] {
      logins.wait_for(10);
      expect_done(run_latchkey(server.process.data(), {"user", "disable", kUser}));
    });
    at_once(kClients, [&](std::size_t i) {
      HttpClient client(server.process.port());
      for (int number = 0;; ++number) {
        const std::string agent =
            std::to_string(round) + "-" + std::to_string(i) + "-" + std::to_string(number);
        const Response response = log_in(client, agent);
        if (response.status != 200) {
          EXPECT_EQ(response.body, kUnableToLogIn);
          break;
        }
        tokens[i].emplace_back(token_in(response), agent);
        logins.advance();
      }
      logins.give_up();
    });
    disabling.join();
    HttpClient client(server.process.port());
    for (const auto& of_client : tokens) {
      for (const auto& [token, agent] : of_client) {
        EXPECT_EQ(refusal_of(use_token(client, token, agent)), "User inactive or deleted");
      }
    }
    expect_done(run_latchkey(server.process.data(), {"user", "enable", kUser}));
  }
}

}  // namespace
}  // namespace latchkey::test
