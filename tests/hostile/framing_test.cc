// RFC 9112 section 6 and 11.2: where a body ends, and every known way to make two servers disagree about it,
// end to end.
#include "hostile/stage.h"

namespace latchkey::test {
namespace {

const std::string kBoth = "both Content-Length and Transfer-Encoding";
const std::string kTwoLengths = "more than one Content-Length";
const std::string kLength = "malformed Content-Length";
const std::string kNotChunked = "Transfer-Encoding does not end in chunked";
const std::string kChunkedTwice = "Transfer-Encoding is not exactly one chunked";

std::vector<HostileCase> framings_that_are_refused() {
  const std::string empty = "0\r\n\r\n";
  return {
      // CL.TE and TE.CL: one server goes by the length, the other by the chunks.
      {"Section6_3_3_LengthThenChunked",
       ping_with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", empty), 400, kBoth},
      {"Section6_3_3_ChunkedThenLength",
       ping_with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", empty), 400, kBoth},
      {"Section6_3_3_ALengthOfZeroAndChunked",
       ping_with("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", empty), 400, kBoth},
      {"Section6_3_3_LengthAndACodingThatIsNone",
       ping_with("Content-Length: 5\r\nTransfer-Encoding: identity\r\n", empty), 400, kBoth},
      {"Section6_3_3_LengthAndAnEmptyCoding", ping_with("Content-Length: 5\r\nTransfer-Encoding:\r\n", empty),
       400, kBoth},

      // TE.TE: the coding is hidden from one of the servers.
      {"Section6_1_TwoLinesOfChunked",
       ping_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", empty), 400,
       "more than one Transfer-Encoding"},
      {"Section6_1_ASecondLineThatIsNone",
       ping_with("Transfer-Encoding: chunked\r\nTransfer-encoding: x\r\n", empty), 400,
       "more than one Transfer-Encoding"},
      {"Section6_1_ChunkedTwiceInAList", ping_with("Transfer-Encoding: chunked, chunked\r\n", empty), 400,
       kChunkedTwice},
      {"Section6_1_ChunkedAndAComma", ping_with("Transfer-Encoding: chunked,\r\n", empty), 400,
       kChunkedTwice},
      {"Section6_1_CommaAndChunked", ping_with("Transfer-Encoding: ,chunked\r\n", empty), 400, kChunkedTwice},
      {"Section6_1_Empty", ping_with("Transfer-Encoding:\r\n", empty), 400, "empty Transfer-Encoding"},
      {"Section6_1_BlankBeforeTheColon", ping_with("Transfer-Encoding : chunked\r\n", empty), 400,
       "malformed field name"},
      {"Section6_1_LineBeforeTheColon", ping_with("Transfer-Encoding\r\n: chunked\r\n", empty), 400,
       "malformed field name"},
      {"Section6_1_VerticalTabBeforeTheValue",
       ping_with("Transfer-Encoding: \x0b"
                 "chunked\r\n",
                 empty),
       400, "a line holds a control character or ends without CR"},
      {"Section6_1_NulBehindTheValue", ping_with(literal("Transfer-Encoding: chunked\0\r\n"), empty), 400,
       "a line holds a control character or ends without CR"},
      {"Section6_1_HiddenBehindABareLf", ping_with("X: x\nTransfer-Encoding: chunked\r\n", empty), 400,
       "a line holds a control character or ends without CR"},
      {"Section6_1_HiddenBehindABareCr", ping_with("X: x\rTransfer-Encoding: chunked\r\n", empty), 400,
       "CR without LF"},
      {"Section6_1_AnUnknownCodingBeforeChunked", ping_with("Transfer-Encoding: gzip, chunked\r\n", empty),
       501, "unknown transfer coding"},
      {"Section6_1_InHttp10", "GET /api/v2/ping/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + empty, 400,
       "Transfer-Encoding in HTTP/1.0"},

      // A request body that only the end of the connection would end.
      {"Section6_3_4_ChunkedIsNotTheLast", ping_with("Transfer-Encoding: chunked, gzip\r\n", empty), 400,
       kNotChunked},
      {"Section6_3_4_NoChunked", ping_with("Transfer-Encoding: gzip\r\n", empty), 400, kNotChunked},
      {"Section6_3_4_Identity", ping_with("Transfer-Encoding: identity\r\n", empty), 400, kNotChunked},
      {"Section6_3_4_AWordThatEndsInChunked", ping_with("Transfer-Encoding: xchunked\r\n", empty), 400,
       kNotChunked},
      {"Section6_3_4_ChunkedInQuotes", ping_with("Transfer-Encoding: \"chunked\"\r\n", empty), 400,
       kNotChunked},
      {"Section6_3_4_ChunkedWithAParameter", ping_with("Transfer-Encoding: chunked;q=1\r\n", empty), 400,
       kNotChunked},
      {"Section6_3_4_TwoWords", ping_with("Transfer-Encoding: x chunked\r\n", empty), 400, kNotChunked},

      {"Section6_3_5_TwoLengths", ping_with("Content-Length: 2\r\nContent-Length: 7\r\n", "{}"), 400,
       kTwoLengths},
      {"Section6_3_5_TwoLengthsThatAreEqual", ping_with("Content-Length: 2\r\ncontent-length: 2\r\n", "{}"),
       400, kTwoLengths},
      {"Section6_3_5_LengthsInAList", ping_with("Content-Length: 2, 7\r\n", "{}"), 400, kLength},
      {"Section6_3_5_LengthsInAListThatAreEqual", ping_with("Content-Length: 2,2\r\n", "{}"), 400, kLength},
      {"Section6_3_5_Empty", ping_with("Content-Length:\r\n", "{}"), 400, kLength},
      {"Section6_3_5_Positive", ping_with("Content-Length: +2\r\n", "{}"), 400, kLength},
      {"Section6_3_5_Negative", ping_with("Content-Length: -2\r\n", "{}"), 400, kLength},
      {"Section6_3_5_Hexadecimal", ping_with("Content-Length: 0x2\r\n", "{}"), 400, kLength},
      {"Section6_3_5_Fraction", ping_with("Content-Length: 2.0\r\n", "{}"), 400, kLength},
      {"Section6_3_5_Exponent", ping_with("Content-Length: 2e0\r\n", "{}"), 400, kLength},
      {"Section6_3_5_TwoNumbers", ping_with("Content-Length: 2 2\r\n", "{}"), 400, kLength},
      {"Section6_3_5_InQuotes", ping_with("Content-Length: \"2\"\r\n", "{}"), 400, kLength},
      {"Section6_3_5_DigitsOfAnotherScript", ping_with("Content-Length: \xd9\xa2\r\n", "{}"), 400, kLength},
      {"Section6_3_5_BlankBeforeTheColon", ping_with("Content-Length : 2\r\n", "{}"), 400,
       "malformed field name"},
      {"Section6_3_5_OnALineOfItsOwn", ping_with("Content-Length:\r\n 2\r\n", "{}"), 400,
       "malformed field name"},
      // RFC 9110 section 8.6: a number that overflows must not become a small one.
      {"Section6_2_TwoToThe64", ping_with("Content-Length: 18446744073709551616\r\n"), 400,
       "Content-Length overflows"},
      {"Section6_2_TwoToThe64AndTwo", ping_with("Content-Length: 18446744073709551618\r\n", "{}"), 400,
       "Content-Length overflows"},
      {"Section6_2_AHundredDigits", ping_with("Content-Length: " + std::string(100, '9') + "\r\n"), 400,
       "Content-Length overflows"},
      question({"Section6_2_TwoToThe64LessOne", ping_with("Content-Length: 18446744073709551615\r\n"), 413,
                "the body is too large"}),
      question({"Section6_2_TwoToThe63", ping_with("Content-Length: 9223372036854775808\r\n"), 413,
                "the body is too large"}),
      question({"Section6_2_TwoToThe32AndTwo", ping_with("Content-Length: 4294967298\r\n", "{}"), 413,
                "the body is too large"}),
  };
}

std::vector<HostileCase> framings_that_are_answered() {
  const std::string hidden = get("/hidden/in/a/body");
  const std::string length = std::to_string(hidden.size());
  return {
      {"Section6_3_6_ARequestWithinASizedBody", ping_with("Content-Length: " + length + "\r\n", hidden), 200,
       ""},
      {"Section6_3_6_LeadingZeros",
       ping_with("Content-Length: " + std::string(40, '0') + length + "\r\n", hidden), 200, ""},
      {"Section6_3_6_LengthZero", ping_with("Content-Length: 0\r\n"), 200, ""},
      {"Section6_3_7_NoBodyWithoutALength", ping_with(""), 200, ""},
      {"Section6_3_7_PostWithoutALength", "POST /api/v2/ping/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, ""},
      {"Section6_1_ARequestWithinAChunk", ping_in_chunks(chunk_of(hidden) + "0\r\n\r\n"), 200, ""},
      {"Section6_1_ChunkedInAnyCase", ping_with("TRANSFER-ENCODING: Chunked\r\n", "0\r\n\r\n"), 200, ""},
      {"Section6_1_TabBeforeChunked", ping_with("Transfer-Encoding:\tchunked\t\r\n", "0\r\n\r\n"), 200, ""},
      // Names that only look like the two framing fields: what follows is the next request.
      {"Section6_LengthWithAnUnderscore", ping_with("Content_Length: 5\r\n"), 200, ""},
      {"Section6_CodingWithAnUnderscore", ping_with("Transfer_Encoding: chunked\r\n"), 200, ""},
      {"Section6_CodingWithAnX", ping_with("X-Transfer-Encoding: chunked\r\nXContent-Length: 9\r\n"), 200,
       ""},
      {"Section6_3_6_ABodyThatDeleteHasNoUseFor",
       "DELETE /api/v2/authtoken/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + length + "\r\n\r\n" +
           hidden,
       204, ""},
  };
}

class Framing : public HostileTable {};
TEST_P(Framing, IsRefusedAndTheConnectionClosed) { expect_refused(); }
INSTANTIATE_TEST_SUITE_P(Rfc9112, Framing,
                         ::testing::ValuesIn(at_every_listener(framings_that_are_refused())), case_name);
INSTANTIATE_TEST_SUITE_P(AtAdminListen, Framing,
                         ::testing::ValuesIn(at_admin_listen(framings_that_are_refused())), case_name);

class GoodFraming : public HostileTable {};
TEST_P(GoodFraming, IsAnsweredAndTheNextRequestRead) { expect_answered(); }
INSTANTIATE_TEST_SUITE_P(Rfc9112, GoodFraming,
                         ::testing::ValuesIn(at_every_listener(framings_that_are_answered())), case_name);

class Smuggling : public HostileAtEveryListener {};
INSTANTIATE_TEST_SUITE_P(At, Smuggling, ::testing::ValuesIn(kEveryListener), listener_name);

// RFC 9112 section 9.6: nothing behind a request that ends the connection is processed.
TEST_P(Smuggling, NothingBehindTheLastRequestIsAnswered) {
  for (const std::string& last :
       {ping_with("Connection: close\r\n"), ping_with("Connection: x, CLOSE\r\n"),
        ping_with("Connection: keep-alive\r\nConnection: close\r\n"),
        std::string("GET /api/v2/ping/ HTTP/1.0\r\n\r\n"),
        std::string("GET /api/v2/ping/ HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n")}) {
    SCOPED_TRACE(last);
    HttpClient client(door_);
    client.send(last + get("/behind"));
    const Response response = client.receive();
    expect_status(GetParam(), 200, response);
    EXPECT_EQ(response.value("Connection"), "close");
    EXPECT_TRUE(client.is_closed_by_server());
  }
}

// RFC 9112 section 9.3.2.
TEST_P(Smuggling, WhatStandsBeforeABrokenRequestIsAnsweredFirst) {
  HttpClient client(door_);
  client.send(get(kPingPath) + get("/nowhere") + ping_with("X : x\r\n") + get(kPingPath));
  expect_status(GetParam(), 200, client.receive());
  expect_status(GetParam(), 404, client.receive());
  EXPECT_EQ(client.receive().status, 400);
  EXPECT_TRUE(client.is_closed_by_server());
}

}  // namespace
}  // namespace latchkey::test
