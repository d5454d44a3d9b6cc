// Which resources there are (C-70), and the description of them all (S-6).
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <set>

#include "support/rig.h"

namespace latchkey::test {
namespace {

constexpr const char* kOpenapiPath = "/api/openapi.json";

TEST(C70, TheRootListsTheVersions) {
  HttpClient client(common_server().port());
  const Response response = client.request("GET", "/api/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.value("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(response.body,
            R"({"available_versions":{"v1":"/api/v1/","v2":"/api/v2/"},"current_version":"/api/v2/",)"
            R"("openapi":"/api/openapi.json"})");
}

TEST(C70, AVersionListsItsResourcesAndTheirPaths) {
  HttpClient client(common_server().port());
  EXPECT_EQ(client.request("GET", "/api/v2/").body,
            R"({"authtoken":"/api/v2/authtoken/","session":"/api/v2/session/","me":"/api/v2/me/",)"
            R"("tokens":"/api/v2/me/tokens/","password":"/api/v2/me/password/","ping":"/api/v2/ping/",)"
            R"("openapi":"/api/openapi.json"})");
  EXPECT_EQ(client.request("GET", "/api/v1/").body,
            R"({"authtoken":"/api/v1/authtoken/","me":"/api/v1/me/","ping":"/api/v1/ping/"})");
}

TEST(C70, EveryPathThatIsListedIsThere) {
  HttpClient client(common_server().port());
  simdjson::dom::parser parser;
  const Response listing = client.request("GET", "/api/v2/");
  const simdjson::dom::object resources = parser.parse(listing.body).get_object().value();
  std::size_t count = 0;
  for (const auto& resource : resources) {
    const std::string path(resource.value.get_string().value());
    EXPECT_EQ(client.request("OPTIONS", path).status, 200) << path;
    ++count;
  }
  EXPECT_GE(count, 7U);
}

TEST(C70, PingNeedsNoTokenAndTellsNodeAndVersion) {
  HttpClient client(common_server().port());
  const Response response = client.request("GET", "/api/v2/ping/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"node":"localhost","version":")" LATCHKEY_VERSION "\"}");
}

TEST(C70, TheVersionIsToldToNobodyWhereTheSettingSaysSo) {
  ServerOptions options;
  options.flags = {"--show-version=false"};
  OwnServer server(options);
  HttpClient client(server.process.port());
  EXPECT_EQ(client.request("GET", "/api/v2/ping/").body, R"({"node":"localhost","version":""})");
  for (const char* const target : {"/api/openapi.json", "/", "/auth/"}) {
    EXPECT_EQ(client.request("GET", target).body.find(LATCHKEY_VERSION), std::string::npos) << target;
  }
}

/// The methods that the document has under a path, in upper case.
std::set<std::string> methods_of(const simdjson::dom::object& path_item) {
  std::set<std::string> methods;
  for (const auto& member : path_item) {
    std::string method(member.key);
    if (method == "summary" || method == "description" || method == "parameters") continue;
    for (char& c : method) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    methods.insert(method);
  }
  return methods;
}

std::set<std::string> methods_in(std::string_view allow) {
  std::set<std::string> methods;
  while (!allow.empty()) {
    const std::size_t comma = std::min(allow.find(", "), allow.size());
    methods.emplace(allow.substr(0, comma));
    allow.remove_prefix(std::min(comma + 2, allow.size()));
  }
  return methods;
}

TEST(S6, EveryPathOfTheDocumentIsThereWithTheMethodsThatItNames) {
  HttpClient client(common_server().port());
  const Response document = client.request("GET", kOpenapiPath);
  ASSERT_EQ(document.status, 200);
  EXPECT_EQ(document.value("Content-Type"), kJsonType);
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(document.body).value();
  EXPECT_TRUE(std::string_view(root["openapi"]).starts_with("3.1"));
  std::set<std::string> paths;
  const simdjson::dom::object path_items = root["paths"].get_object().value();
  for (const auto& path : path_items) {
    std::string target(path.key);
    paths.insert(target);
    if (const std::size_t brace = target.find('{'); brace != std::string::npos) {
      target.replace(brace, target.find('}') - brace + 1, "7");
    }
    const Response described = client.request("OPTIONS", target);
    const bool is_question = target.starts_with("/auth/verify") || target.starts_with("/auth/forward") ||
                             target.starts_with("/auth/envoy");
    if (is_question) {
      EXPECT_EQ(described.status, 401) << "any method is a question here";
      continue;
    }
    EXPECT_EQ(described.status, 200) << target;
    EXPECT_EQ(methods_of(path.value.get_object()), methods_in(described.value("Allow"))) << target;
  }
  for (const char* const path : {"/",
                                 "/api/",
                                 "/api/v1/authtoken/",
                                 "/api/v2/authtoken/",
                                 "/api/v2/session/",
                                 "/api/v2/me/",
                                 "/api/v2/me/tokens/",
                                 "/api/v2/me/tokens/{id}/",
                                 "/api/v2/me/password/",
                                 "/api/v2/ping/",
                                 "/api/openapi.json",
                                 "/api/static/{name}",
                                 "/auth/verify",
                                 "/auth/verify/{path}",
                                 "/auth/forward",
                                 "/auth/envoy/{path}",
                                 "/auth/",
                                 "/auth/sign-out/",
                                 "/auth/forbidden/",
                                 "/auth/static/{name}",
                                 "/auth/session/",
                                 "/auth/tokens/",
                                 "/auth/tokens/{id}/",
                                 "/auth/password/"}) {
    EXPECT_TRUE(paths.contains(path)) << path;
  }
}

TEST(S6, AnOperationHasTheNameAndTheGroupThatAClientCallsItBy) {
  HttpClient client(common_server().port());
  simdjson::dom::parser parser;
  const Response document = client.request("GET", kOpenapiPath);
  const simdjson::dom::element root = parser.parse(document.body).value();
  struct Named {
    const char* path;
    const char* method;
    const char* id;
    const char* tag;
  };
  for (const Named& named :
       {Named{"/api/v2/authtoken/", "post", "login", "tokens"},
        Named{"/api/v2/authtoken/", "delete", "logout", "tokens"},
        Named{"/api/v1/authtoken/", "post", "loginV1", "v1"}, Named{"/api/v2/me/", "get", "me", "account"},
        Named{"/api/v2/me/", "head", "meHead", "inspection"},
        Named{"/api/v2/me/", "options", "describeMe", "inspection"},
        Named{"/api/v2/me/tokens/", "get", "listTokens", "tokens"},
        Named{"/api/v2/me/tokens/", "delete", "endAllTokens", "tokens"},
        Named{"/api/v2/me/tokens/{id}/", "delete", "endToken", "tokens"},
        Named{"/api/v2/me/password/", "post", "changePassword", "account"},
        Named{"/api/v2/session/", "post", "signIn", "session"},
        Named{"/auth/session/", "post", "signInForPages", "pages"},
        Named{"/auth/verify", "get", "verify", "proxies"},
        Named{"/auth/forward", "get", "forward", "proxies"},
        Named{"/auth/verify/{path}", "get", "verifyBelow", "proxies"}}) {
    const auto operation = root["paths"][named.path][named.method];
    EXPECT_EQ(std::string_view(operation["operationId"]), named.id) << named.path;
    EXPECT_EQ(std::string_view(operation["tags"].at(0)), named.tag) << named.path;
  }
}

TEST(S6, EveryTagOfAnOperationIsDescribed) {
  HttpClient client(common_server().port());
  simdjson::dom::parser parser;
  const Response document = client.request("GET", kOpenapiPath);
  const simdjson::dom::element root = parser.parse(document.body).value();
  std::set<std::string> described;
  const simdjson::dom::array tags = root["tags"].get_array().value();
  for (const auto& tag : tags) described.emplace(std::string_view(tag["name"]));
  std::set<std::string> used;
  const simdjson::dom::object paths = root["paths"].get_object().value();
  for (const auto& path : paths) {
    const simdjson::dom::object item = path.value.get_object().value();
    for (const auto& operation : item) {
      std::string_view tag;
      if (operation.value["tags"].at(0).get(tag) == simdjson::SUCCESS) used.emplace(tag);
    }
  }
  EXPECT_EQ(used, described);
}

TEST(S6, TheFieldsOfABodyAreThoseOfItsOptions) {
  HttpClient client(common_server().port());
  simdjson::dom::parser parser;
  const Response document = client.request("GET", kOpenapiPath);
  const simdjson::dom::element root = parser.parse(document.body).value();
  const auto post = root["paths"]["/api/v2/authtoken/"]["post"];
  const auto content = post["requestBody"]["content"];
  for (const char* const type :
       {"application/json", "application/x-www-form-urlencoded", "multipart/form-data"}) {
    const auto schema = content[type]["schema"];
    EXPECT_EQ(std::string_view(schema["required"].at(0)), "username") << type;
    EXPECT_EQ(std::string_view(schema["required"].at(1)), "password") << type;
    EXPECT_EQ(std::uint64_t(schema["properties"]["username"]["maxLength"]), 150U) << type;
    EXPECT_EQ(std::uint64_t(schema["properties"]["password"]["maxLength"]), 4096U) << type;
  }
}

}  // namespace
}  // namespace latchkey::test
