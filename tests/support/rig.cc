#include "support/rig.h"

#include <chrono>
#include <exception>
#include <filesystem>
#include <thread>
#include <vector>

#include "latchkey/base/json_text.h"

namespace latchkey::test {

namespace {

SharedServer& common = SharedServer::add([] {
  ServerOptions options;
  options.cores = 2;
  auto server = std::make_unique<OwnServer>(options);
  const std::filesystem::path& data = server->process.data();
  add_user(data, "zoë%", kPassword);
  add_user(data, "spacious", " blank at both ends ");
  add_user(data, "numeric", "12345");
  add_user(data, "1.50", "-7e3");
  return server;
});

int two_digits(std::string_view text, std::size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); }

}  // namespace

ServerProcess& common_server() { return common.get(); }

std::string own_agent() {
  const ::testing::TestInfo& test = *::testing::UnitTest::GetInstance()->current_test_info();
  return std::string(test.test_suite_name()) + "." + test.name();
}

OwnServer::OwnServer(ServerOptions options) : process(directory / "data", std::move(options)) {
  add_user(process.data(), kUser, kPassword);
}

OwnServer::~OwnServer() {
  if (process.is_running()) {
    EXPECT_EQ(process.stop(), 0) << process.log();
  }
}

SharedServer& SharedServer::add(Start start) {
  return static_cast<SharedServer&>(*::testing::AddGlobalTestEnvironment(new SharedServer(std::move(start))));
}

ServerProcess& SharedServer::get() {
  if (!server_) server_ = start_();
  return server_->process;
}

void SharedServer::TearDown() {
  if (!server_) return;
  EXPECT_EQ(server_->process.stop(), 0) << server_->process.log();
  EXPECT_EQ(server_->process.log().find("level=error"), std::string::npos) << server_->process.log();
  server_.reset();
}

std::string login_json(std::string_view name, std::string_view password) {
  std::string json = R"({"username":)";
  append_json_string(json, name);
  json.append(R"(,"password":)");
  append_json_string(json, password);
  return json.append("}");
}

Response post_login(HttpClient& client, std::string_view body, const HeaderLines& headers) {
  return client.request("POST", kTokenPath, headers, body);
}

Response log_in(HttpClient& client, const std::string& agent, std::string_view name,
                std::string_view password) {
  return post_login(client, login_json(name, password), {{"Content-Type", kJsonType}, {"User-Agent", agent}});
}

std::string token_in(const Response& response) {
  constexpr std::string_view kStart = R"({"token":")";
  constexpr std::size_t kDigits = 40;
  if (response.status != 200 || !response.body.starts_with(kStart)) {
    throw ClientError("no token in the answer: " + std::to_string(response.status) + " " + response.body);
  }
  return response.body.substr(kStart.size(), kDigits);
}

std::string obtain_token(HttpClient& client, const std::string& agent, std::string_view name,
                         std::string_view password) {
  return token_in(log_in(client, agent, name, password));
}

Response use_token(HttpClient& client, const std::string& token, const std::string& agent,
                   std::string_view target, std::string_view method) {
  return client.request(method, target, {{"Authorization", "Token " + token}, {"User-Agent", agent}});
}

Response end_token(HttpClient& client, const std::string& token, const std::string& agent) {
  return use_token(client, token, agent, kTokenPath, "DELETE");
}

void at_once(std::size_t count, const std::function<void(std::size_t)>& work) {
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&work, i] {
      try {
        work(i);
      } catch (const std::exception& error) {
        ADD_FAILURE() << "client " << i << ": " << error.what();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

std::string refusal_of(const Response& response) {
  constexpr std::string_view kStart = R"({"detail":")";
  constexpr std::string_view kEnd = "\"}";
  if (response.lines("X-Auth-Reason") == 1 && response.body.empty()) return response.value("X-Auth-Reason");
  if (!response.body.starts_with(kStart) || !response.body.ends_with(kEnd)) return {};
  return response.body.substr(kStart.size(), response.body.size() - kStart.size() - kEnd.size());
}

std::string detail(std::string_view text) {
  std::string json = R"({"detail":)";
  append_json_string(json, text);
  return json.append("}");
}

std::int64_t parse_expires(std::string_view text) {
  using namespace std::chrono;
  constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:dd.dddZ";
  bool fits = text.size() == kForm.size();
  for (std::size_t i = 0; fits && i < kForm.size(); ++i) {
    fits = kForm[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == kForm[i];
  }
  if (!fits) throw ClientError("no time of the form 2013-09-05T21:46:35.729Z: " + std::string(text));
  const year_month_day date(year(two_digits(text, 0) * 100 + two_digits(text, 2)),
                            month(static_cast<unsigned>(two_digits(text, 5))),
                            day(static_cast<unsigned>(two_digits(text, 8))));
  const auto time = sys_days(date) + hours(two_digits(text, 11)) + minutes(two_digits(text, 14)) +
                    seconds(two_digits(text, 17)) +
                    milliseconds((text[20] - '0') * 100 + two_digits(text, 21));
  return duration_cast<milliseconds>(time.time_since_epoch()).count();
}

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace latchkey::test
