// What all resources have in common: paths, methods, and what every answer carries (C-1 to C-5, C-50, C-70,
// C-71).
#include <gtest/gtest.h>
#include <simdjson.h>

#include <regex>

#include "support/rig.h"

namespace latchkey::test {
namespace {

constexpr const char* kAllow = "POST, DELETE, OPTIONS";

/// Expects what C-4 requires of every answer.
void expect_common_headers(const Response& response) {
  EXPECT_EQ(response.value("X-API-Node"), "localhost");
  EXPECT_TRUE(std::regex_match(response.value("X-API-Time"), std::regex(R"(\d+\.\d{3}s)")))
      << response.value("X-API-Time");
  EXPECT_EQ(response.value("Vary"), "Accept");
  const std::regex http_date(
      "(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \\d\\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
      "\\d{4} \\d\\d:\\d\\d:\\d\\d GMT");
  EXPECT_TRUE(std::regex_match(response.value("Date"), http_date)) << response.value("Date");
  EXPECT_EQ(response.lines("Content-Length"), response.status == 204 ? 0U : 1U);
  for (const char* const name : {"X-API-Node", "X-API-Time", "Vary", "Date"}) {
    EXPECT_EQ(response.lines(name), 1U) << name;
  }
  if (!response.body.empty()) {
    EXPECT_EQ(response.value("Content-Type"), kJsonType);
  }
}

TEST(C1, TheOlderPathIsTheSameResource) {
  HttpClient client(common_server().port());
  const Response response =
      client.request("POST", "/api/v1/authtoken/", {{"Content-Type", kJsonType}, {"User-Agent", own_agent()}},
                     login_json(kUser, kPassword));
  EXPECT_EQ(obtain_token(client, own_agent()), token_in(response));
}

TEST(C1, APathWithoutItsFinalSlashIsRedirectedToThePathWithIt) {
  HttpClient client(common_server().port());
  for (const char* const method : {"GET", "HEAD", "OPTIONS"}) {
    const Response response = client.request(method, "/api/v2/authtoken");
    EXPECT_EQ(response.status, 301) << method;
    EXPECT_EQ(response.value("Location"), kTokenPath) << method;
  }
  EXPECT_EQ(client.request("GET", "/api/v1/authtoken").value("Location"), "/api/v1/authtoken/");
  EXPECT_EQ(client.request("GET", "/api/v2/me").value("Location"), kMePath);
  EXPECT_EQ(client.request("GET", "/api/v2/ping").value("Location"), "/api/v2/ping/");
}

TEST(C1, APostOrDeleteIsRedirectedSoThatItsBodyIsNotLost) {
  HttpClient client(common_server().port());
  const Response posted = client.request("POST", "/api/v2/authtoken", {{"Content-Type", kJsonType}},
                                         login_json(kUser, kPassword));
  EXPECT_EQ(posted.status, 308);
  EXPECT_EQ(posted.value("Location"), kTokenPath);
  const Response deleted = client.request("DELETE", "/api/v2/authtoken");
  EXPECT_EQ(deleted.status, 308);
  EXPECT_EQ(deleted.value("Location"), kTokenPath);
}

TEST(C1, ARedirectKeepsTheQuery) {
  HttpClient client(common_server().port());
  const Response response = client.request("GET", "/api/v2/authtoken?format=json&x=%2F");
  EXPECT_EQ(response.value("Location"), "/api/v2/authtoken/?format=json&x=%2F");
}

TEST(C1, ARedirectKeepsTheQueryToTheByte) {
  HttpClient client(common_server().port());
  for (const char* const query : {"?a=b&c=%2f%20;d", "?a=b?c=d", "?next=/api/v2/me", "?format=api"}) {
    EXPECT_EQ(client.request("GET", std::string("/api/v2/authtoken") + query).value("Location"),
              std::string(kTokenPath) + query);
    const Response posted =
        client.request("POST", std::string("/api/v1/authtoken") + query, {{"Content-Type", kJsonType}}, "{}");
    EXPECT_EQ(posted.status, 308);
    EXPECT_EQ(posted.value("Location"), std::string("/api/v1/authtoken/") + query);
  }
}

TEST(C1, ARedirectIsFollowedToTheAnswerOnTheSameConnection) {
  HttpClient client(common_server().port());
  const HeaderLines headers = {{"Content-Type", kJsonType}, {"User-Agent", own_agent()}};
  const std::string body = login_json(kUser, kPassword);
  const Response redirected = client.request("POST", "/api/v2/authtoken?x=y", headers, body);
  ASSERT_EQ(redirected.status, 308);
  EXPECT_EQ(redirected.body, "");
  const Response response = client.request("POST", redirected.value("Location"), headers, body);
  EXPECT_EQ(response.status, 200) << response.body;
  for (const char* const method : {"PUT", "PATCH", "PURGE"}) {
    EXPECT_EQ(client.request(method, "/api/v2/authtoken", {}, "{}").status, 308) << method;
  }
}

TEST(C1, APathThatLacksMoreThanItsSlashIsNotRedirected) {
  HttpClient client(common_server().port());
  for (const char* const target :
       {"/api/v2/authtoke", "/api/v3/authtoken", "/api/v2/authtoken//", "/api/v2/Me"}) {
    EXPECT_EQ(client.request("GET", target).status, 404) << target;
  }
}

TEST(C2, AMethodOfAnyLengthIsToldByItsOwnName) {
  HttpClient client(common_server().port());
  for (const std::string method : {"A", "delete", "OPTION", "POSTS", "!#$%&*+-.^_`|~", "PROPPATCH"}) {
    for (const char* const target : {"/api/v2/authtoken/", "/api/v1/authtoken/?x=y"}) {
      const Response response = client.request(method, target);
      EXPECT_EQ(response.status, 405) << method;
      EXPECT_EQ(response.body, detail("Method '" + method + "' not allowed."));
      EXPECT_EQ(response.value("Allow"), kAllow) << method;
    }
  }
}

TEST(C2, ARefusedMethodsBodyIsPassedOver) {
  HttpClient client(common_server().port());
  EXPECT_EQ(
      client.request("PUT", kTokenPath, {{"Content-Type", "text/plain"}}, std::string(30'000, 'x')).status,
      405);
  EXPECT_EQ(client.request("OPTIONS", kTokenPath).status, 200);
}

TEST(C2, AnyOtherMethodIsRefusedByItsOwnName) {
  HttpClient client(common_server().port());
  for (const std::string method : {"GET", "PUT", "PATCH", "TRACE", "PURGE", "post", "M-SEARCH"}) {
    const Response response = client.request(method, kTokenPath);
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_EQ(response.body, R"({"detail":"Method ')" + method + R"(' not allowed."})");
    EXPECT_EQ(response.value("Allow"), kAllow) << method;
  }
}

TEST(C2, HeadIsRefusedWithTheLengthOfABodyThatIsNotSent) {
  HttpClient client(common_server().port());
  const Response response = client.request("HEAD", kTokenPath);
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.value("Content-Length"),
            std::to_string(std::string_view(R"({"detail":"Method 'HEAD' not allowed."})").size()));
  EXPECT_EQ(client.request("OPTIONS", kTokenPath).status, 200) << "the answer to HEAD was framed wrongly";
}

TEST(C2, AllowStandsInItsOrderOnEveryAnswerOfTheResource) {
  const std::uint16_t port = common_server().port();
  HttpClient client(port);
  const HeaderLines as_json = {{"Content-Type", kJsonType}, {"User-Agent", own_agent()}};
  const std::string too_long = "{\"username\":\"" + std::string(std::size_t{70} * 1024, 'a') + "\"}";
  HttpClient refused(port);
  const auto refused_at_once = [port](const HeaderLines& headers) {
    return HttpClient(port).request("DELETE", kTokenPath, headers);
  };
  const std::vector<std::pair<int, Response>> answers = {
      {200, client.request("OPTIONS", kTokenPath)},
      {200, post_login(client, login_json(kUser, kPassword), as_json)},
      {400, post_login(client, login_json(kUser, "wrong"), as_json)},
      {400, post_login(client, "{}", as_json)},
      {400, post_login(client, "{", as_json)},
      {204, client.request("DELETE", kTokenPath)},
      {204, client.request("DELETE", kTokenPath, {{"Cookie", "token=a; token=b"}})},
      {400, refused_at_once({{"Authorization", "Token a"}, {"Authorization", "Token a"}})},
      {400, refused_at_once({{"Content-Length", "x"}})},
      {417, refused_at_once({{"Expect", "200-ok"}, {"Content-Length", "1"}})},
      {301, client.request("GET", "/api/v2/authtoken")},
      {308, client.request("POST", "/api/v2/authtoken", as_json, "{}")},
      {405, client.request("GET", kTokenPath)},
      {415, post_login(client, "x", {{"Content-Type", "text/plain"}})},
      {413, post_login(refused, too_long, as_json)},
  };
  for (const auto& [status, answer] : answers) {
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.value("Allow"), kAllow) << status;
    EXPECT_EQ(answer.lines("Allow"), 1U) << status;
  }
}

TEST(C3, AClientThatGetsJsonSees405) {
  HttpClient client(common_server().port());
  const Response response = client.request("GET", kTokenPath, {{"Accept", kJsonType}});
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.body, R"({"detail":"Method 'GET' not allowed."})");
}

TEST(C4, EveryAnswerCarriesNodeTimeVaryDateAndLength) {
  HttpClient client(common_server().port());
  const std::string agent = own_agent();
  const Response logged_in = log_in(client, agent);
  const std::string token = token_in(logged_in);
  const std::vector<Response> answers = {
      logged_in,
      use_token(client, token, agent),
      use_token(client, token, agent, kMePath),
      client.request("GET", kVerifyPath),
      client.request("GET", kMePath),
      client.request("GET", "/api/v2/ping/"),
      client.request("GET", "/nowhere"),
      client.request("GET", kTokenPath),
      client.request("GET", "/api/v2/authtoken"),
      client.request("OPTIONS", kTokenPath),
      log_in(client, agent, kUser, "wrong"),
      end_token(client, token, agent),
  };
  for (const Response& answer : answers) {
    SCOPED_TRACE(std::to_string(answer.status) + " " + answer.body);
    expect_common_headers(answer);
  }
}

TEST(C4, ARequestThatIsNoHttpIsAnsweredWithTheSameHeaders) {
  HttpClient client(common_server().port());
  client.send("GET /\r\n\r\n");
  const Response response = client.receive();
  EXPECT_EQ(response.status, 400);
  expect_common_headers(response);
}

TEST(C4, TheNodeIsTheOneThatIsSet) {
  ServerOptions options;
  options.flags = {"--node", "door-7.example"};
  OwnServer server(options);
  HttpClient client(server.process.port());
  EXPECT_EQ(client.request("GET", kVerifyPath).value("X-API-Node"), "door-7.example");
  EXPECT_EQ(client.request("GET", "/api/v2/ping/").body,
            R"({"node":"door-7.example","version":")" LATCHKEY_VERSION "\"}");
}

TEST(C4, TheTimeOfARefusedLoginIsTheTimeThatItTook) {
  HttpClient client(common_server().port());
  const Response response = log_in(client, own_agent(), kUser, "wrong");
  // A failure is answered at the end of a step (C-14), which is later than at once.
  EXPECT_NE(response.value("X-API-Time"), "0.000s");
}

TEST(C5, WhatIsNotAsciiIsNotEscaped) {
  HttpClient client(common_server().port());
  const Response response = post_login(client, "x", {{"Content-Type", "text/zoë"}});
  EXPECT_EQ(response.body, R"({"detail":"Unsupported media type \"text/zoë\" in request."})");
}

TEST(C5, ABodyIsUtf8EvenWhereTheRequestWasNot) {
  HttpClient client(common_server().port());
  const Response response = post_login(client, "x", {{"Content-Type", "text/\xff\xfe"}});
  EXPECT_EQ(response.status, 415);
  simdjson::dom::parser parser;
  EXPECT_EQ(parser.parse(response.body).error(), simdjson::SUCCESS) << response.body;
}

TEST(C50, OptionsDescribesTheResource) {
  HttpClient client(common_server().port());
  const Response response = client.request("OPTIONS", kTokenPath);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.value("Content-Type"), kJsonType);
  EXPECT_TRUE(response.body.starts_with(R"({"name":"Auth Token","description":")")) << response.body;
  EXPECT_TRUE(response.body.ends_with(
      R"("renders":["application/json","text/html"],)"
      R"("parses":["application/json","application/x-www-form-urlencoded","multipart/form-data"],)"
      R"("added_in_version":"1.2","actions":{"POST":{)"
      R"("username":{"type":"string","required":true,"label":"Username","max_length":150},)"
      R"("password":{"type":"string","required":true,"label":"Password","max_length":4096}}}})"))
      << response.body;
  simdjson::dom::parser parser;
  std::string_view description;
  ASSERT_EQ(parser.parse(response.body)["description"].get(description), simdjson::SUCCESS);
  EXPECT_NE(description.find("username=user&password=my%20pass"), std::string_view::npos);
}

TEST(C71, AnythingElseIsNotFound) {
  HttpClient client(common_server().port());
  for (const char* const target :
       {"/nothing", "/api/v2/authtoken/x", "/api/v2/authtoken//", "//api/v2/authtoken/", "/API/v2/authtoken/",
        "/api/v2/%61uthtoken/", "/auth/verifyx", "/auth/nothing/", "/api/v2/tokens/", "/favicon.ico"}) {
    const Response response = client.request("GET", target);
    EXPECT_EQ(response.status, 404) << target;
    EXPECT_EQ(response.body, detail("Not found.")) << target;
  }
  EXPECT_EQ(client.request("OPTIONS", "*").status, 404);
}

TEST(C71, WhatIsNotThereIsNotFoundByAnyMethod) {
  HttpClient client(common_server().port());
  for (const char* const method : {"GET", "POST", "DELETE", "PUT", "OPTIONS", "PURGE"}) {
    const Response response = client.request(method, "/nowhere/", {{"Content-Type", kJsonType}}, "{}");
    EXPECT_EQ(response.status, 404) << method;
    EXPECT_EQ(response.body, detail("Not found.")) << method;
    EXPECT_EQ(response.value("Content-Type"), kJsonType) << method;
  }
  const Response head = client.request("HEAD", "/nowhere/");
  EXPECT_EQ(head.status, 404);
  EXPECT_EQ(head.value("Content-Length"), std::to_string(detail("Not found.").size()));
  EXPECT_EQ(client.request("GET", "/api/v2/ping/").status, 200) << "the answer to HEAD was framed wrongly";
}

}  // namespace
}  // namespace latchkey::test
