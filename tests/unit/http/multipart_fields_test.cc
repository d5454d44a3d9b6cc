#include "latchkey/http/multipart_fields.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

namespace latchkey::http {
namespace {

using Status = DecodeResult::Status;

constexpr std::array<std::string_view, 2> kNames = {"username", "password"};
class MultipartFields : public testing::Test {
 protected:
  /// Keeps the body, because the fields are views into it.
  DecodeResult decode(std::string body, std::string_view boundary = "B") {
    body_ = std::move(body);
    return decode_multipart(body_, boundary, kNames, fields_);
  }

  void expect_malformed(const std::string& body, const std::string& what) {
    const DecodeResult result = decode(body);
    EXPECT_EQ(result.status, Status::kMalformed) << body;
    EXPECT_EQ(result.detail, "Multipart form parse error - " + what) << body;
  }

  std::array<Field, 2> fields_;

 private:
  std::string body_;
};

std::string part(const std::string& name, const std::string& content) {
  return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + content + "\r\n";
}

const std::string kEnd = "--B--\r\n";

TEST_F(MultipartFields, TakesTheWantedParts) {
  const std::string body =
      part("x", "no") + part("username", "user") + part("password", " my\r\npass ") + kEnd;
  ASSERT_EQ(decode(body).status, Status::kDecoded);
  EXPECT_EQ(fields_[0].kind, FieldKind::kText);
  EXPECT_EQ(fields_[0].text, "user");
  EXPECT_EQ(fields_[1].text, " my\r\npass ");
  ASSERT_EQ(decode(part("username", "") + "--B--").status, Status::kDecoded);
  EXPECT_EQ(fields_[0].kind, FieldKind::kText);
  EXPECT_EQ(fields_[0].text, "");
  EXPECT_EQ(fields_[1].kind, FieldKind::kMissing);
}

TEST_F(MultipartFields, TakesEverySpellingOfAPartsHead) {
  for (const char* head :
       {"Content-Disposition: form-data; name=username", "content-disposition:FORM-DATA;NAME=\"user\\name\"",
        "Content-Type: text/plain\r\nContent-Disposition: form-data; name=\"username\"; "
        "filename=\"a;b\\\"c\"",
        "Content-Transfer-Encoding: 8bit\r\nContent-Disposition: form-data; name=\"username\""}) {
    const std::string body = "--B \t\r\n" + std::string(head) + "\r\n\r\nuser\r\n--B--epilogue";
    ASSERT_EQ(decode(body).status, Status::kDecoded) << head;
    EXPECT_EQ(fields_[0].text, "user");
  }
}

TEST_F(MultipartFields, TextThatLooksLikeABoundaryIsContent) {
  ASSERT_EQ(decode(part("password", "--B--\r\n--\r\n-B\r\n--A") + kEnd).status, Status::kMalformed)
      << "a delimiter must not stand in content";
  ASSERT_EQ(decode(part("password", "x--B--\r\n--\r\n--A") + kEnd).status, Status::kDecoded);
  EXPECT_EQ(fields_[1].text, "x--B--\r\n--\r\n--A");
}

TEST_F(MultipartFields, OfDuplicatesTheLastCounts) {
  ASSERT_EQ(decode(part("username", "1") + part("username", "2") + kEnd).status, Status::kDecoded);
  EXPECT_EQ(fields_[0].text, "2");
}

TEST_F(MultipartFields, OnlyWantedTextsHaveToBeUtf8) {
  EXPECT_EQ(decode(part("file", "\xff\xfe\x01") + kEnd).status, Status::kDecoded);
  expect_malformed(part("username", "\xff") + kEnd, "invalid UTF-8 in a field");
}

TEST_F(MultipartFields, NoPartsAtAllIsWellFormed) { EXPECT_EQ(decode("--B--\r\n").status, Status::kDecoded); }

TEST_F(MultipartFields, MalformedSaysWhat) {
  expect_malformed("", "body does not begin with its boundary");
  expect_malformed("preamble\r\n" + part("username", "u") + kEnd, "body does not begin with its boundary");
  expect_malformed("--Bx\r\n", "malformed boundary");
  expect_malformed("--B", "malformed boundary");
  expect_malformed("--B\n", "malformed boundary");
  expect_malformed("--B\r\n", "unexpected end within a part's header");
  expect_malformed("--B\r\n\r\nx\r\n--B--", "a part without name");
  expect_malformed("--B\r\nContent-Type: text/plain\r\n\r\nx\r\n--B--", "a part without name");
  expect_malformed("--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--", "a part without name");
  expect_malformed("--B\r\nContent-Disposition: attachment; name=\"username\"\r\n\r\nx\r\n--B--",
                   "a part that is not form-data");
  expect_malformed("--B\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--B--",
                   "malformed Content-Disposition");
  expect_malformed("--B\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\nx\r\n--B--",
                   "malformed Content-Disposition");
  expect_malformed("--B\r\nno colon\r\n\r\nx\r\n--B--", "malformed header in a part");
  expect_malformed("--B\r\nX : y\r\n\r\nx\r\n--B--", "malformed header in a part");
  expect_malformed(
      "--B\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; "
      "name=b\r\n\r\nx\r\n--B--",
      "Content-Disposition stands twice in a part");
  expect_malformed("--B\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--B--",
                   "unsupported Content-Transfer-Encoding");
  expect_malformed("--B\r\nContent-Disposition: form-data; name=a\r\n\r\n--B--", "a part without content");
  expect_malformed(part("username", "u"), "unexpected end within a part");
  expect_malformed(part("username", "u") + "--Bx", "malformed boundary");
}

TEST_F(MultipartFields, PartsAndTheirHeadersAreBounded) {
  std::string body;
  for (std::size_t i = 0; i < kMaxParts; ++i) body += part("x", "y");
  EXPECT_EQ(decode(body + kEnd).status, Status::kDecoded);
  expect_malformed(body + part("x", "y") + kEnd, "too many parts");
  std::string head = "--B\r\nContent-Disposition: form-data; name=x\r\n";
  for (std::size_t i = 1; i < kMaxPartHeaders; ++i) head += "X: y\r\n";
  EXPECT_EQ(decode(head + "\r\nx\r\n--B--").status, Status::kDecoded);
  expect_malformed(head + "X: y\r\n\r\nx\r\n--B--", "too many headers in a part");
}

TEST_F(MultipartFields, BoundaryIsOneOfRfc2046) {
  const std::string body = "--a b\r\nContent-Disposition: form-data; name=username\r\n\r\nu\r\n--a b--";
  EXPECT_EQ(decode(body, "a b").status, Status::kDecoded);
  for (const std::string& boundary :
       {std::string(), std::string("a "), std::string("a\r\nb"), std::string(71, 'x'), std::string("a\"b")}) {
    EXPECT_EQ(decode("--" + boundary + "--", boundary).detail,
              "Multipart form parse error - invalid boundary");
  }
}

}  // namespace
}  // namespace latchkey::http
