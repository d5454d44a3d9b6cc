#include "latchkey/http/json_fields.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>

#include "http/json_error.h"

namespace latchkey::http {
namespace {

using Status = DecodeResult::Status;

constexpr std::size_t kBodyBytes = 65536;
constexpr std::array<std::string_view, 2> kNames = {"username", "password"};

class JsonFields : public testing::Test {
 protected:
  DecodeResult decode(std::string_view body) { return decoder_.decode(body, kNames, fields_); }
  Field username(std::string_view body) {
    const DecodeResult result = decode(body);
    EXPECT_EQ(result.status, Status::kDecoded) << body << ": " << result.detail;
    return fields_[0];
  }
  std::string detail(std::string_view body) {
    const DecodeResult result = decode(body);
    EXPECT_EQ(result.status, Status::kMalformed) << body;
    return result.detail;
  }

  JsonFieldDecoder decoder_{kBodyBytes};
  std::array<Field, 2> fields_;
};

TEST_F(JsonFields, TakesTheWantedFieldsAndIgnoresTheRest) {
  ASSERT_EQ(decode(R"( {"x": {"username": "no"}, "username": "user", "password": "my pass", "y": [1, {}]} )")
                .status,
            Status::kDecoded);
  EXPECT_EQ(fields_[0].kind, FieldKind::kText);
  EXPECT_EQ(fields_[0].text, "user");
  EXPECT_EQ(fields_[1].text, "my pass");
}

TEST_F(JsonFields, SaysWhatAFieldIs) {
  EXPECT_EQ(username(R"({})").kind, FieldKind::kMissing);
  EXPECT_EQ(username(R"({"Username": "x"})").kind, FieldKind::kMissing);
  EXPECT_EQ(username(R"({"username": null})").kind, FieldKind::kNull);
  EXPECT_EQ(username(R"({"username": true})").kind, FieldKind::kNotText);
  EXPECT_EQ(username(R"({"username": false})").kind, FieldKind::kNotText);
  EXPECT_EQ(username(R"({"username": []})").kind, FieldKind::kNotText);
  EXPECT_EQ(username(R"({"username": {"a": 1}})").kind, FieldKind::kNotText);
  EXPECT_EQ(username(R"({"username": ""})").kind, FieldKind::kText);
}

TEST_F(JsonFields, EmptyBodyIsAnObjectWithoutMembers) { EXPECT_EQ(username("").kind, FieldKind::kMissing); }

TEST_F(JsonFields, NumbersAreTheirSourceText) {
  for (const char* number :
       {"0", "-0", "42", "-17", "1.50", "1E5", "1e+05", "-0.0e-0", "12345678901234567",
        "18446744073709551615", "-9223372036854775808", "3.14159265358979323846264338327950288", "1e-400"}) {
    const std::string text(number);
    EXPECT_EQ(username("{\"username\":" + text + "}").text, text);
    EXPECT_EQ(username("{\"a\":[1,{\"username\":2}], \"b:,\\\"}\":\"x,:\" ,\n\"username\" :\t" + text +
                       " ,\"c\":3}")
                  .text,
              text);
    EXPECT_EQ(username("{\"username\":1,\"\\u0075sername\":" + text + "\n}").text, text);
  }
}

TEST_F(JsonFields, OfDuplicateKeysTheLastCounts) {
  EXPECT_EQ(username(R"({"username":"a","username":"b"})").text, "b");
  EXPECT_EQ(username(R"({"username":"a","username":null})").kind, FieldKind::kNull);
  EXPECT_EQ(username(R"({"username":1,"username":22,"x":333})").text, "22");
}

TEST_F(JsonFields, EscapesAreDecodedAndNulIsAText) {
  EXPECT_EQ(username(R"({"username":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"})").text,
            "\"\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\x98\x80");
  EXPECT_EQ(username(R"({"username":"a\u0000b"})").text, std::string_view("a\0b", 3));
  EXPECT_EQ(username("{\"username\":\"\x7f\"}").text, "\x7f");
}

TEST_F(JsonFields, TopLevelIsAnObject) {
  for (const char* body : {"[]", "\"x\"", "1", "true", "[{\"username\":\"a\"}]", " [1] "}) {
    EXPECT_EQ(detail(body), "JSON parse error - not a JSON object") << body;
  }
  EXPECT_EQ(decode(" null ").status, Status::kNoData);
}

TEST_F(JsonFields, MalformedSaysWhatAndAtWhichByte) {
  const auto says = [this](std::string_view body, const std::string& what) {
    EXPECT_EQ(detail(body), "JSON parse error - " + what) << body;
  };
  says(" ", "unexpected end at byte 1");
  says("{", "unexpected end at byte 1");
  says("{\"a\":1", "unexpected end at byte 6");
  says("{\"a\":1,}", "expected a key in double quotes at byte 7");
  says("{\"a\" 1}", "expected ':' at byte 5");
  says("{\"a\":}", "expected a value at byte 5");
  says("{\"a\":1 \"b\":2}", "expected ',' or '}' at byte 7");
  says("{\"a\":[1 2]}", "expected ',' or ']' at byte 8");
  says("{\"a\":[1}", "expected ',' or ']' at byte 7");
  says("{'a':1}", "expected a key in double quotes at byte 1");
  says("{\"username\":\"a\",\"x\":tru}", "expected true, false or null at byte 20");
  says("{\"x\":01e}", "malformed number at byte 5");
  says("{\"x\":\"\\q\"}", "invalid escape at byte 6");
  says("{\"x\":\"\\u12g4\"}", "invalid escape at byte 6");
  says("{\"x\":\"\\ud800\"}", "lone surrogate at byte 6");
  says("{\"x\":\"\\udc00\"}", "lone surrogate at byte 6");
  says("{\"x\":\"\\ud800\\ud800\"}", "lone surrogate at byte 6");
  says("{\"x\":\"a\xff\"}", "invalid UTF-8 at byte 7");
  says("{\"x\":\"\xed\xa0\x80\"}", "invalid UTF-8 at byte 6");
  says("{\"x\":\"\xc0\x80\"}", "invalid UTF-8 at byte 6");
  says("{\"x\":\"a\nb\"}", "control character within a string at byte 7");
  says("{\"x\":\"abc", "unexpected end within a string at byte 9");
  says("{} x", "unexpected text behind the document at byte 3");
  says("{}{}", "unexpected text behind the document at byte 2");
  says(std::string_view("{}\0", 3), "unexpected text behind the document at byte 2");
  says("\xef\xbb\xbf{}", "unexpected byte order mark at byte 0");
  says("{\"x\":1e400}", "number out of range at byte 5");
  says("{\"x\":18446744073709551616}", "number out of range at byte 5");
  says("{\"x\":-9223372036854775809}", "number out of range at byte 5");
  says("{\"x\":NaN}", "expected a value at byte 5");
  says("{\"x\":.5}", "expected a value at byte 5");
  says("{\"x\":1.}", "malformed number at byte 5");
  says("{\"x\":- 1}", "malformed number at byte 5");
  says("{\"x\":1/**/}", "malformed number at byte 5");
}

TEST_F(JsonFields, NestingEndsAt64WhateverIsInside) {
  const auto nested = [](std::size_t depth, const std::string& inside) {
    return "{\"x\":" + std::string(depth - 1, '[') + inside + std::string(depth - 1, ']') + "}";
  };
  for (const char* inside : {"", "1", "\"[\""}) {
    EXPECT_EQ(decode(nested(64, inside)).status, Status::kDecoded) << inside;
    EXPECT_EQ(detail(nested(65, inside)), "JSON parse error - nesting deeper than 64 at byte 68") << inside;
  }
  std::string wide = "[";
  for (int i = 0; i < 200; ++i) wide += "[],";
  EXPECT_EQ(decode("{\"x\":" + wide + "{}]}").status, Status::kDecoded)
      << "many containers are not deep ones";
}

TEST_F(JsonFields, DetailHoldsNothingOfTheBody) {
  EXPECT_EQ(detail(R"({"password":"hunter2" oops})").find("hunter2"), std::string::npos);
}

TEST_F(JsonFields, LargestBodyIsTaken) {
  std::string body = R"({"username":"u","password":")";
  body += std::string(kBodyBytes - body.size() - 2, 'p') + "\"}";
  ASSERT_EQ(body.size(), kBodyBytes);
  ASSERT_EQ(decode(body).status, Status::kDecoded);
  EXPECT_GT(fields_[1].text.size(), kBodyBytes - 40);
  std::string dense = "[";
  while (dense.size() + 2 < kBodyBytes) dense += "7,";
  dense += "7]";
  EXPECT_EQ(detail(dense.substr(0, kBodyBytes)).substr(0, 16), "JSON parse error");
}

TEST_F(JsonFields, WipeLeavesNothingOfThePassword) {
  ASSERT_EQ(decode(R"({"username":"u","password":"hunter2-hunter2"})").status, Status::kDecoded);
  const Field password = fields_[1];
  ASSERT_EQ(password.text, "hunter2-hunter2");
  decoder_.wipe();
  EXPECT_TRUE(std::all_of(password.text.begin(), password.text.end(), [](char c) { return c == '\0'; }));

  // A number is a view of the body, which its owner wipes.
  const std::string body = R"({"password":123456789})";
  ASSERT_EQ(decode(body).status, Status::kDecoded);
  const Field number = fields_[1];
  ASSERT_EQ(number.text, "123456789");
  EXPECT_EQ(number.text.data(), body.data() + body.find("123456789"));
}

TEST_F(JsonFields, ANumberThatRunsIntoAnotherIsMalformed) {
  for (const char* const body : {R"({"password":1844-6744073709551615})", R"({"password":1-2.5})",
                                 R"({"a":1.5-1e300})", R"({"a":1.25true})", R"({"a":0.5e1-0.5})"}) {
    EXPECT_EQ(decode(body).status, Status::kMalformed) << body;
  }
}

/// People read the scanner's text about a refusal, and it alone counts levels exactly. So it must agree with
/// the parser.
TEST_F(JsonFields, ScannerAndParserAgreeOnThousandsOfMutatedDocuments) {
  const std::array<std::string, 4> seeds = {
      R"({"username": "us\u00e9r", "password": "my pass", "x": [1, -2.5e3, true, false, null, {}, []]})",
      R"({"a":{"b":[{"c":[[],{"d":"\ud83d\ude00\n"}]}]},"username":0.1,"password":12})",
      R"([0, 10, 1e5, 18446744073709551615, "\\\"", {"":""}])",
      "{\"k\":\"J\xc3\xbcrgen \xf0\x9f\x98\x80\",\"n\":null}"};
  const std::string alphabet = "{}[]\",:\\ntfu0123456789-+.eE \n\x01\x80\xc3\xff";
  std::mt19937_64 engine(42);
  int malformed = 0;
  constexpr int kMutants = 20'000;
  for (int i = 0; i < kMutants && !HasFailure(); ++i) {
    std::string body = seeds[engine() % seeds.size()];
    for (auto rounds = 1 + engine() % 3; rounds > 0 && !body.empty(); --rounds) {
      const std::size_t at = engine() % body.size();
      const char c = alphabet[engine() % alphabet.size()];
      switch (engine() % 3) {
        case 0:
          body[at] = c;
          break;
        case 1:
          body.erase(at, 1);
          break;
        default:
          body.insert(at, 1, c);
          break;
      }
    }
    const DecodeResult result = decode(body);
    const bool not_an_object = result.detail == "JSON parse error - not a JSON object";
    const bool is_malformed = result.status == Status::kMalformed && !not_an_object;
    EXPECT_EQ(is_malformed, json_error_position(body).has_value()) << body << "\n" << result.detail;
    malformed += is_malformed ? 1 : 0;
  }
  EXPECT_GT(malformed, kMutants / 4);
  EXPECT_LT(malformed, kMutants);
}

}  // namespace
}  // namespace latchkey::http
