// JSON that is not an object, and bodies that are not JSON (C-17).
#include <gtest/gtest.h>

#include "login_body.h"
#include "support/hostile_json.h"

namespace latchkey::test {
namespace {

using C17 = LoginBody;

TEST_F(C17, AnEmptyBodyIsAnEmptyObject) {
  for (const char* const type : {kJsonType, kFormType, "multipart/form-data; boundary=x"}) {
    expect_refused("", kRequired, type);
  }
}

TEST_F(C17, AnythingButAnObjectIsRefused) {
  for (const char* const body : {"[]", R"(["username","password"])", R"("alice")", "5", "true"}) {
    expect_refused(body, detail("JSON parse error - not a JSON object"));
  }
  expect_refused("null", R"({"__all__":["No data provided"]})");
}

TEST_F(C17, MalformedJsonIsRefusedWithTheByteWhereItBreaks) {
  expect_malformed("{", 1);
  expect_malformed(R"({"username":)", 12);
  expect_malformed(R"({"a":tru})", 5);
  expect_malformed(R"({"a":1,})", 7);
  expect_malformed(R"({'a':1})", 1);
  expect_malformed(R"({"a":"\q"})", 6);
  expect_malformed(R"({"a":01})", 5);
  expect_malformed(R"({"a":1} x)", 8);
  expect_malformed("{\"a\":\"\n\"}", 6);
  expect_malformed("username=alice&password=x", 0);
}

TEST_F(C17, InvalidUtf8IsMalformedEvenInAFieldThatNobodyReads) {
  expect_malformed("{\"username\":\"al\xff\"}", 15);
  expect_malformed("{\"x\":\"\xc0\xaf\"}", 6);
  expect_malformed("{\"x\":\"\xed\xa0\x80\"}", 6);
  expect_malformed("\xef\xbb\xbf{}", 0);
  EXPECT_EQ(post("username=%ff&password=x", kFormType).status, 400);
}

TEST_F(C17, OfDuplicateKeysTheLastCounts) {
  EXPECT_EQ(
      post(R"({"username":"bob","username":"alice","password":null,"password":"correct horse"})").status,
      200);
  expect_refused(R"({"username":"alice","username":null,"password":"x"})",
                 R"({"username":["This field may not be null."]})");
  EXPECT_EQ(post("username=bob&username=alice&password=x&password=correct%20horse", kFormType).status, 200);
}

TEST_F(C17, NestingOver64DeepIsMalformed) {
  const auto nested = [](std::size_t depth) {
    // The object around it is one level.
    return R"({"x":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  expect_refused(nested(64), kRequired);
  expect_malformed(nested(65), 5 + 63);
  expect_malformed(std::string(60'000, '['), 64);
}

/// What C-17 says about a malformed body.
std::string parse_error(const std::string& what, std::size_t byte) {
  return detail("JSON parse error - " + what + " at byte " + std::to_string(byte));
}

TEST_F(C17, WhatBreaksParsersIsRefusedWithItsPlaceInAFieldThatIsReadAndInOneThatIsNot) {
  for (const auto& [value, what, byte] : hostile_json_values()) {
    for (const std::string prefix :
         {R"({"username":)", R"({"username":"alice","password":"correct horse","x":)"}) {
      expect_refused(prefix + value + "}", parse_error(what, prefix.size() + byte));
    }
    const std::string first = R"({"x":)";
    expect_refused(first + value + R"(,"username":"alice","password":"correct horse"})",
                   parse_error(what, first.size() + byte));
  }
}

TEST_F(C17, NumbersAtTheEndsOfTheRangeAreNotMalformed) {
  for (const std::string number : {"-0", "1E+2", "1e-999", "18446744073709551615", "-9223372036854775808"}) {
    EXPECT_EQ(post(R"({"x":)" + number + R"(,"username":"alice","password":"correct horse"})").status, 200)
        << number;
    expect_refused(R"({"username":)" + number + R"(,"password":"x"})", kUnableToLogIn);
  }
}

TEST_F(C17, NestingCountsInAFieldThatIsReadAndInOneThatIsNot) {
  const auto nested = [](std::string_view field, std::size_t levels) {
    return "{\"" + std::string(field) + "\":" + std::string(levels, '[') + std::string(levels, ']') +
           R"(,"password":"correct horse"})";
  };
  const std::string too_deep = "nesting deeper than 64";
  expect_refused(nested("username", 63), R"({"username":["Not a valid string."]})");
  expect_refused(nested("username", 64), parse_error(too_deep, 12 + 63));
  expect_refused(nested("x", 63), R"({"username":["This field is required."]})");
  expect_refused(nested("x", 64), parse_error(too_deep, 5 + 63));
  expect_refused(nested("x", 30'000), parse_error(too_deep, 5 + 63));
  std::string objects = R"({"username":"alice","x":)";
  const std::size_t start = objects.size();
  for (int i = 0; i < 5000; ++i) objects.append(R"({"k":)");
  expect_refused(objects, parse_error(too_deep, start + std::size_t{63} * 5));
}

TEST_F(C17, NulMayStandInNamesAndInFieldsThatNobodyReads) {
  EXPECT_EQ(
      post(
          R"({"\u0000":1,"username\u0000":"bob","x":"\u0000","username":"alice","password":"correct horse"})")
          .status,
      200);
  expect_refused(R"({"username\u0000":"alice","password":"x"})",
                 R"({"username":["This field is required."]})");
  expect_refused(R"({"username":"\u0000","password":"x"})",
                 R"({"username":["Null characters are not allowed."]})");
}

TEST_F(C17, OfDuplicateKeysTheLastCountsHoweverItIsSpelled) {
  EXPECT_EQ(
      post(R"({"username":"bob","\u0075sername":"alice","x":1,"x":[],"password":"correct horse"})").status,
      200);
  expect_refused(R"({"username":"alice","password":"correct horse","password":[1]})",
                 R"({"password":["Not a valid string."]})");
}

TEST_F(C17, NothingStandsBeforeTheDocumentOrBehindIt) {
  const std::string whole = login_json(kUser, kPassword);
  expect_refused("\xef\xbb\xbf" + whole, parse_error("unexpected byte order mark", 0));
  for (const std::string tail : {"x", "}", ",", "{}", "null", "\xef\xbb\xbf", "\xff"}) {
    expect_refused(whole + tail, parse_error("unexpected text behind the document", whole.size()));
    expect_refused(whole + "\r\n" + tail,
                   parse_error("unexpected text behind the document", whole.size() + 2));
  }
  expect_refused(whole + std::string(1, '\0'),
                 parse_error("unexpected text behind the document", whole.size()));
  EXPECT_EQ(post("\r\n\t " + whole + " \r\n").status, 200);
}

TEST_F(C17, ARefusedBodyLeavesTheConnectionOpen) {
  expect_malformed("{", 1);
  EXPECT_EQ(post(login_json(kUser, kPassword)).status, 200);
}

}  // namespace
}  // namespace latchkey::test
