#include "latchkey/http/written_answer.h"

#include <gtest/gtest.h>

#include <string>

#include "latchkey/http/response.h"

namespace latchkey::http {
namespace {

const ServerLines kLines("edge-1");

ResponseWriter::Context context(bool keep_alive) { return {kLines, BootTime{1000}, keep_alive, 1, false}; }

TEST(WrittenAnswer, GivesBackWhatTheWriterWasTold) {
  std::string bytes;
  ResponseWriter writer(bytes, context(true));
  writer.status(405).header("Allow", "POST, DELETE, OPTIONS").header("Retry-After", 12);
  writer.body("application/json", R"({"detail":"a: b\r\n"})", BootTime{1106});

  const WrittenAnswer answer = WrittenAnswer::of(bytes);
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.value("Allow"), "POST, DELETE, OPTIONS");
  EXPECT_EQ(answer.value("Retry-After"), "12");
  EXPECT_EQ(answer.value("X-API-Node"), "edge-1");
  EXPECT_EQ(answer.value("X-API-Time"), "0.106s");
  EXPECT_EQ(answer.value("Content-Type"), "application/json");
  EXPECT_EQ(answer.value("Location"), "");
  EXPECT_EQ(answer.body, R"({"detail":"a: b\r\n"})");
}

TEST(WrittenAnswer, OfAnAnswerWithoutABodyHasNone) {
  std::string bytes;
  ResponseWriter writer(bytes, context(true));
  writer.status(204).header("Allow", "POST").no_body(BootTime{1000});
  const WrittenAnswer answer = WrittenAnswer::of(bytes);
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.body, "");
}

TEST(WrittenAnswer, EveryHeaderThatTheWriterAddsIsCommon) {
  std::string bytes;
  ResponseWriter writer(bytes, context(false));
  writer.status(200);
  writer.body("application/json", "{}", BootTime{1000});
  const WrittenAnswer answer = WrittenAnswer::of(bytes);
  EXPECT_EQ(answer.headers.size(), 7U);
  for (const WrittenHeader& header : answer.headers)
    EXPECT_TRUE(is_common_header(header.name)) << header.name;
  EXPECT_FALSE(is_common_header("Allow"));
  EXPECT_FALSE(is_common_header("Set-Cookie"));
}

}  // namespace
}  // namespace latchkey::http
