// The access log: the fields of its lines and their order, which requests have one, that nothing of a hostile
// client forges one or brings a secret into it, and that no request waits for it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/base/printable.h"
#include "support/admin_listen.h"
#include "support/rig.h"
#include "support/scrape.h"

namespace latchkey::test {
namespace {

const std::string kFront = R"(time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z core=0 )";
const std::string kSizes = R"(bytes=\d+ duration_us=\d+ )";
constexpr const char* kPing = "/api/v2/ping/";

ServerOptions with(std::vector<std::string> flags) {
  ServerOptions options;
  options.flags = std::move(flags);
  options.flags.insert(options.flags.end(), {"--access-log", "DIRECTORY/access.log"});
  return options;
}

void expect_form(const std::string& line, const std::string& form) {
  EXPECT_TRUE(std::regex_match(line, std::regex(form))) << line << "\nis not\n" << form;
}

std::size_t count_of(const std::vector<std::string>& lines, std::string_view part) {
  return static_cast<std::size_t>(std::count_if(
      lines.begin(), lines.end(), [part](const auto& line) { return line.find(part) != std::string::npos; }));
}

std::uint64_t sum_of(const std::vector<std::string>& lines, const std::string& key) {
  std::uint64_t sum = 0;
  for (const std::string& line : lines) {
    const std::size_t at = line.find(" " + key + "=");
    if (at != std::string::npos) sum += std::stoull(line.substr(at + key.size() + 2));
  }
  return sum;
}

/// Stops the server, and gives the lines of its access log.
std::vector<std::string> lines_of(OwnServer& server) {
  EXPECT_EQ(server.process.stop(), 0);
  std::ifstream in(server.directory.path() / "access.log");
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// Sends this request many times, a hundred in each write.
void repeat(HttpClient& client, const std::string& bytes, int times, int status) {
  constexpr int kInOneWrite = 100;
  for (int sent = 0; sent < times; sent += kInOneWrite) {
    std::string train;
    for (int i = 0; i < kInOneWrite; ++i) train += bytes;
    client.send(train);
    for (int i = 0; i < kInOneWrite; ++i) ASSERT_EQ(client.receive().status, status);
  }
}

TEST(AccessLog, HasALineForEachRequestWithItsFieldsInOrder) {
  OwnServer server(with({}));
  HttpClient client(server.process.port());
  const std::string token = obtain_token(client, "a");
  EXPECT_EQ(log_in(client, "a", kUser, "wrong").status, 400);
  EXPECT_EQ(use_token(client, token, "a").status, 200);
  EXPECT_EQ(use_token(client, token, "other").status, 401);
  EXPECT_EQ(client.request("GET", kVerifyPath).status, 401);
  EXPECT_EQ(client.request("GET", kMePath, {{"Authorization", "Token " + token}, {"User-Agent", "a"}}).status,
            200);
  EXPECT_EQ(client.request("BREW", kPing, {{"User-Agent", "a b"}}).status, 405);
  client.send("GET / HTTP/1.1\r\nHost : localhost\r\n\r\n");
  EXPECT_EQ(client.receive().status, 400);
  const std::vector<std::string> lines = lines_of(server);
  ASSERT_EQ(lines.size(), 8U);
  const std::string from = kFront + "address=127.0.0.1 ";
  const std::string verify = "resource=/auth/verify ";
  const std::string login = "resource=/api/v2/authtoken/ ";
  const std::string all = kSizes + "sample=1 log=access";
  expect_form(lines[0],
              from + "status=200 method=POST " + login + "result=new user_id=1 " + all + " agent=a");
  expect_form(lines[1], from + "status=400 method=POST " + login + "result=refused " + all + " agent=a");
  expect_form(lines[2],
              from + "status=200 method=GET " + verify + "result=admitted user_id=1 " + all + " agent=a");
  expect_form(lines[3],
              from + "status=401 method=GET " + verify + "result=other_binding " + all + " agent=other");
  expect_form(lines[4], from + "status=401 method=GET " + verify + "result=no_token " + all);
  expect_form(lines[5], from + "status=200 method=GET resource=/api/v2/me/ user_id=1 " + all + " agent=a");
  expect_form(lines[6],
              from + R"(status=405 method=other resource=/api/v2/ping/ )" + all + R"( agent="a b")");
  expect_form(lines[7], from + "status=400 resource=none " + all);
}

TEST(AccessLog, NamesTheClientAndTheProxyBeforeIt) {
  OwnServer server(with({"--trusted-proxy", "127.0.0.1"}));
  HttpClient client(server.process.port());
  EXPECT_EQ(client.request("GET", kPing, {{"X-Forwarded-For", "2001:db8::7"}}).status, 200);
  EXPECT_EQ(client.request("GET", kPing).status, 200);
  const std::vector<std::string> lines = lines_of(server);
  ASSERT_EQ(lines.size(), 2U);
  expect_form(lines[0], kFront + "address=2001:db8::7 proxy=127.0.0.1 status=200 .*");
  expect_form(lines[1], kFront + "address=127.0.0.1 status=200 .*");
}

TEST(AccessLog, NamesAProxyAtAUnixSocketSo) {
  OwnServer server(with({"--listen", "127.0.0.1:0", "--listen", "unix:DIRECTORY/http.sock"}));
  HttpClient client(Door(server.process.socket("http.sock")));
  EXPECT_EQ(client.request("GET", kPing, {{"X-Forwarded-For", "192.0.2.7"}}).status, 200);
  EXPECT_EQ(client.request("GET", kPing).status, 200);
  const std::vector<std::string> lines = lines_of(server);
  ASSERT_EQ(lines.size(), 2U);
  expect_form(lines[0], kFront + "address=192.0.2.7 proxy=unix status=200 .*");
  expect_form(lines[1], kFront + "proxy=unix status=200 .*");
}

TEST(AccessLog, InJsonHasTheSameFieldsInTheSameOrder) {
  OwnServer server(with({"--log-format", "json"}));
  HttpClient client(server.process.port());
  EXPECT_EQ(log_in(client, "a").status, 200);
  const std::vector<std::string> lines = lines_of(server);
  ASSERT_EQ(lines.size(), 1U);
  expect_form(lines[0],
              R"(\{"time":"[-0-9T:.]+Z","core":"0","address":"127.0.0.1","status":"200","method":"POST",)"
              R"("resource":"/api/v2/authtoken/","result":"new","user_id":"1","bytes":"\d+",)"
              R"("duration_us":"\d+","sample":"1","log":"access","agent":"a"\})");
}

TEST(AccessLog, NeverHasAPathAQueryATokenOrAName) {
  OwnServer server(with({}));
  HttpClient client(server.process.port());
  const std::string token = obtain_token(client, "a");
  EXPECT_EQ(use_token(client, token, "a", "/auth/verify/secret-path?secret=query").status, 200);
  EXPECT_EQ(client.request("GET", "/secret-path/?secret=query", {{"Cookie", "token=" + token}}).status, 404);
  EXPECT_EQ(log_in(client, "a", "secret-name", "secret-password").status, 400);
  const std::vector<std::string> lines = lines_of(server);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(count_of(lines, "secret"), 0U);
  EXPECT_EQ(count_of(lines, token), 0U);
  EXPECT_EQ(count_of(lines, kUser), 0U);
}

TEST(AccessLog, WritesAHostileAgentSoThatDecodingGivesWhatCame) {
  constexpr std::size_t kKept = 152;
  constexpr int kAgents = 300;
  OwnServer server(with({}));
  HttpClient client(server.process.port());
  std::vector<std::string> agents = {"x status=200 log=access",
                                     R"(x" status="200)",
                                     "x\\",
                                     "\x80\x9b",
                                     "\xe2\x80\xae"
                                     "abc",
                                     "\xc2\x85 x",
                                     std::string(153, 'y')};
  std::mt19937 random(20130905);
  while (agents.size() < kAgents) {
    std::string agent = "r";
    for (std::size_t left = random() % 400; left > 0; --left) {
      const auto byte = static_cast<char>(random() % 256);
      // What a header field may not have is refused as syntax (RFC 9110 §5.5).
      if (static_cast<unsigned char>(byte) >= 0x20 && byte != 0x7f) agent += byte;
    }
    agents.push_back(agent + "r");
  }
  for (const std::string& agent : agents) {
    ASSERT_EQ(client.request("GET", kPing, {{"User-Agent", agent}}).status, 200);
  }
  const std::vector<std::string> lines = lines_of(server);
  ASSERT_EQ(lines.size(), agents.size());
  for (std::size_t i = 0; i < agents.size(); ++i) {
    const std::size_t at = lines[i].find(" agent=");
    ASSERT_NE(at, std::string::npos) << lines[i];
    std::string value = lines[i].substr(at + std::string_view(" agent=").size());
    if (value.starts_with('"'))
      value = unprintable(std::string_view(value).substr(1, value.size() - 2)).value_or("");
    std::string cut;
    if (value.size() < agents[i].size())
      cut = " agent_cut=" + std::to_string(agents[i].size() - value.size()) + " ";
    EXPECT_EQ(value, agents[i].substr(0, value.size())) << lines[i];
    EXPECT_NE(lines[i].find(cut), std::string::npos) << lines[i];
    EXPECT_GE(value.size(), std::min(agents[i].size(), kKept - 4)) << lines[i];
  }
}

TEST(AccessLog, OfRefusedRequestsAloneHasThoseAndCountsWhatASecondHasTooManyOf) {
  OwnServer server(with({"--access-log-lines", "errors"}));
  HttpClient client(server.process.port());
  EXPECT_EQ(client.request("GET", kPing).status, 200);
  repeat(client, request_bytes("GET", kVerifyPath), 1000, 401);
  // The next second's first line has the count of what was left out.
  std::uint64_t told = 0;
  const auto end = std::chrono::steady_clock::now() + kPatience;
  std::uint64_t sent = 1000;
  while (told == 0 && std::chrono::steady_clock::now() < end) {
    EXPECT_EQ(client.request("GET", kVerifyPath).status, 401);
    ++sent;
    std::ifstream in(server.directory.path() / "access.log");
    told = std::string(std::istreambuf_iterator<char>(in), {}).find(" more=") != std::string::npos;
  }
  const std::vector<std::string> lines = lines_of(server);
  EXPECT_EQ(count_of(lines, "status=200"), 0U);
  EXPECT_LT(count_of(lines, "status=401"), 1000U);
  EXPECT_LE(sum_of(lines, "sample") + sum_of(lines, "more"), sent);
  EXPECT_GE(sum_of(lines, "sample") + sum_of(lines, "more"), 1000U);
}

TEST(AccessLog, SampledHasOneOfSoManyAndSaysHowManyThatIs) {
  OwnServer server(with({"--access-log-lines", "sampled:10"}));
  HttpClient client(server.process.port());
  repeat(client, request_bytes("GET", kPing), 1000, 200);
  EXPECT_EQ(client.request("GET", kVerifyPath).status, 401);
  const std::vector<std::string> lines = lines_of(server);
  EXPECT_EQ(lines.size(), 101U);
  EXPECT_EQ(count_of(lines, "status=200"), 100U);
  EXPECT_EQ(count_of(lines, "sample=10 "), 100U);
  EXPECT_EQ(count_of(lines, "status=401"), 1U);
  EXPECT_EQ(sum_of(lines, "sample"), 1001U);
}

TEST(AccessLog, OnStandardErrorStandsAmongTheServersLines) {
  ServerOptions options;
  options.flags = {"--access-log", "stderr"};
  OwnServer server(options);
  HttpClient client(server.process.port());
  EXPECT_EQ(client.request("GET", kPing).status, 200);
  expect_form(server.process.wait_for_log("log=access").value_or(""),
              kFront + "address=127.0.0.1 status=200 method=GET resource=/api/v2/ping/ " + kSizes +
                  "sample=1 log=access");
}

TEST(AccessLog, HasNoLineOfWhatMonitoringAndAdministratorsAsk) {
  ServerOptions options = measured({"--access-log", "DIRECTORY/access.log"});
  OwnServer server(options);
  HttpClient monitor(admin_port(server.process));
  EXPECT_EQ(monitor.request("GET", "/healthz").status, 200);
  EXPECT_EQ(run_latchkey(server.process.data(), {"user", "list"}).status, 0);
  EXPECT_TRUE(lines_of(server).empty());
}

TEST(AccessLog, HoldsNoRequestUpWhereNobodyReadsItAndCountsWhatIsLost) {
  constexpr int kRequests = 20'000;
  TemporaryDirectory directory;
  const std::filesystem::path pipe = directory.path() / "access.pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  give_to_test_user(directory.path());
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  OwnServer server(measured({"--access-log", pipe.string()}));
  HttpClient client(server.process.port());
  repeat(client, request_bytes("GET", kPing), kRequests, 200);
  const double dropped =
      Scrape(admin_port(server.process))["latchkey_log_dropped_lines_total{log=\"access\"}"];
  EXPECT_GT(dropped, 0);
  std::array<char, 65536> bytes{};
  const auto end = std::chrono::steady_clock::now() + kPatience;
  std::size_t lines = 0;
  while (static_cast<double>(lines) + dropped < kRequests && std::chrono::steady_clock::now() < end) {
    const ssize_t got = ::read(reader, bytes.data(), bytes.size());
    if (got > 0) lines += static_cast<std::size_t>(std::count(bytes.begin(), bytes.begin() + got, '\n'));
  }
  EXPECT_EQ(static_cast<double>(lines) + dropped, kRequests);
  const Scrape scrape(admin_port(server.process));
  EXPECT_EQ(scrape["latchkey_log_lines_total{log=\"access\"}"], static_cast<double>(lines));
  ::close(reader);
}

}  // namespace
}  // namespace latchkey::test
