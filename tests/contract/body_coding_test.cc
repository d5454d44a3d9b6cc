// How a body may be encoded: in charsets that include ASCII (C-10), and with no content coding (C-18).
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "login_body.h"

namespace latchkey::test {
namespace {

using C10 = LoginBody;
using C18 = LoginBody;

constexpr const char* kMultipartType = "multipart/form-data; boundary=x";

std::string part(const std::string& name, const std::string& content, const std::string& further = {}) {
  return "--x\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n" + further + "\r\n" + content +
         "\r\n";
}

TEST_F(C10, TextOfAsciiAloneIsTakenInEveryCharsetThatHasAsciiInIt) {
  for (const std::string charset :
       {"utf8", "US-ASCII", "ascii", "iso-8859-1", "ISO-8859-15", "iso_8859-2", "latin1", "windows-1252",
        "cp1252", "windows-1251", "koi8-r", "euc-jp", "gbk", "\"iso-8859-1\"", "\"u\\tf-8\""}) {
    EXPECT_EQ(post(login_json(kUser, kPassword), "application/json; charset=" + charset).status, 200)
        << charset;
    EXPECT_EQ(post("username=alice&password=correct%20horse", kFormType + ("; charset=" + charset)).status,
              200)
        << charset;
    EXPECT_EQ(post(part("username", kUser) + part("password", kPassword) + "--x--\r\n",
                   kMultipartType + ("; charset=" + charset))
                  .status,
              200)
        << charset;
  }
}

TEST_F(C10, OtherTextThanAsciiIsUnsupportedInAnotherCharsetThanUtf8) {
  const std::vector<std::pair<std::string, std::string>> bodies = {
      {kJsonType, login_json("zoë", kPassword)},
      {kFormType, "username=zoë&password=x"},
      {kFormType, "username=zo%C3%AB&password=x"},
      {kFormType, "username=zo%EB&password=x"},
      {kFormType, "username=zoe&password=x&other=%EB"},
      {kMultipartType, part("username", "zoë") + part("password", "x") + "--x--\r\n"},
  };
  for (const auto& [type, body] : bodies) {
    for (const std::string charset : {"us-ascii", "iso-8859-1", "windows-1252"}) {
      const std::string sent = type + "; charset=" + charset;
      const Response response = post(body, sent);
      EXPECT_EQ(response.status, 415) << sent << ' ' << body;
      EXPECT_EQ(response.body, detail("Unsupported media type \"" + sent + "\" in request."));
    }
  }
}

TEST_F(C10, TheEscapesOfJsonAreNoBytesOfACharset) {
  expect_refused(R"({"username":"zo\u00eb","password":"x"})", kUnableToLogIn,
                 "application/json; charset=us-ascii");
}

TEST_F(C10, APartsOwnCharsetCountsAsTheBodys) {
  const auto body = [](const std::string& charset, const std::string& password) {
    return part("username", kUser) +
           part("password", password, "Content-Type: text/plain; charset=" + charset + "\r\n") + "--x--\r\n";
  };
  for (const std::string charset : {"utf-8", "iso-8859-1", "us-ascii"})
    EXPECT_EQ(post(body(charset, kPassword), kMultipartType).status, 200) << charset;
  for (const auto& [charset, password] :
       {std::pair{"utf-16", kPassword}, std::pair{"utf-7", kPassword}, std::pair{"iso-8859-1", "caf\xe9"},
        std::pair{"windows-1252", "café"}, std::pair{"nonsense", kPassword}}) {
    const Response response = post(body(charset, password), kMultipartType);
    EXPECT_EQ(response.status, 415) << charset;
    EXPECT_EQ(response.body, detail("Unsupported charset of a field in request."));
  }
}

TEST_F(C10, TheCharsetThatAFormNamesInAFieldCounts) {
  const auto form = [](const std::string& charset, const std::string& password) {
    return "_charset_=" + charset + "&username=alice&password=" + password;
  };
  const auto parts = [](const std::string& charset, const std::string& password) {
    return part("_charset_", charset) + part("username", kUser) + part("password", password) + "--x--\r\n";
  };
  for (const std::string charset : {"UTF-8", "iso-8859-1", "windows-1252", ""}) {
    EXPECT_EQ(post(form(charset, "correct+horse"), kFormType).status, 200) << charset;
    EXPECT_EQ(post(parts(charset, kPassword), kMultipartType).status, 200) << charset;
  }
  for (const std::string charset : {"utf-16", "utf-7", "nonsense"}) {
    EXPECT_EQ(post(form(charset, "correct+horse"), kFormType).status, 415) << charset;
    EXPECT_EQ(post(parts(charset, kPassword), kMultipartType).status, 415) << charset;
  }
  EXPECT_EQ(post(form("windows-1252", "caf%C3%A9"), kFormType).status, 415);
  EXPECT_EQ(post(parts("windows-1252", "café"), kMultipartType).status, 415);
}

TEST_F(C18, AContentCodingIsUnsupportedAndTheAnswerSaysThatNoneIsTaken) {
  const std::string basic = "Basic YWxpY2U6Y29ycmVjdCBob3JzZQ==";  // alice:correct horse
  for (const char* const coding : {"gzip", "GZIP", "deflate", "br", "zstd", "x-gzip", "compress", "aes128gcm",
                                   "identity, gzip", "gzip, identity", "nonsense"}) {
    for (const auto& [target, type, body] :
         {std::tuple{kTokenPath, kJsonType, login_json(kUser, kPassword)},
          std::tuple{kTokenPath, kFormType, std::string("username=alice&password=correct%20horse")},
          std::tuple{kTokenPath, kJsonType, std::string("\x1f\x8b\x08")},
          std::tuple{"/api/v2/session/", kJsonType, login_json(kUser, kPassword)},
          std::tuple{"/api/v2/me/password/", kJsonType, std::string("{}")}}) {
      const Response response = client_.request("POST", target,
                                                {{"Content-Type", type},
                                                 {"Content-Encoding", coding},
                                                 {"Authorization", basic},
                                                 {"User-Agent", own_agent()}},
                                                body);
      EXPECT_EQ(response.status, 415) << coding << ' ' << target;
      EXPECT_TRUE(response.body.starts_with(R"({"detail":"Unsupported content coding \")")) << response.body;
      EXPECT_EQ(response.value("Accept-Encoding"), "identity") << coding << ' ' << target;
    }
  }
}

TEST_F(C18, OfSeveralLinesOfContentEncodingEachCounts) {
  const HeaderLines lines = {
      {"Content-Type", kJsonType}, {"Content-Encoding", "identity"}, {"content-encoding", "br"}};
  EXPECT_EQ(post_login(client_, login_json(kUser, kPassword), lines).status, 415);
}

TEST_F(C18, IdentityIsNoCoding) {
  for (const char* const coding : {"identity", "Identity", "", "identity, identity"}) {
    const HeaderLines lines = {
        {"Content-Type", kJsonType}, {"Content-Encoding", coding}, {"User-Agent", own_agent()}};
    EXPECT_EQ(post_login(client_, login_json(kUser, kPassword), lines).status, 200) << coding;
  }
}

}  // namespace
}  // namespace latchkey::test
