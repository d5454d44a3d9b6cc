// RFC 9112 section 7: chunks, their sizes, extensions and trailers, end to end.
#include "hostile/stage.h"

namespace latchkey::test {
namespace {

const std::string kNoCrlf = "chunked body: a line or chunk ends without CRLF";
const std::string kNoSize = "chunked body: a chunk without size";
const std::string kSize = "chunked body: malformed chunk size";
const std::string kOverflow = "chunked body: chunk size overflows";
const std::string kExtension = "chunked body: malformed chunk extension";
const std::string kTrailer = "malformed trailer field";

std::vector<HostileCase> chunks_that_are_refused() {
  const std::string end = "\r\n{}\r\n0\r\n\r\n";
  return {
      {"Section7_1_NoSize", ping_in_chunks(end), 400, kNoSize},
      {"Section7_1_BlankBeforeTheSize", ping_in_chunks(" 2" + end), 400, kNoSize},
      {"Section7_1_PositiveSize", ping_in_chunks("+2" + end), 400, kNoSize},
      {"Section7_1_NegativeSize", ping_in_chunks("-2" + end), 400, kNoSize},
      {"Section7_1_SizeWithAPrefix", ping_in_chunks("0x2" + end), 400, kSize},
      {"Section7_1_SizeWithASuffix", ping_in_chunks("2h" + end), 400, kSize},
      {"Section7_1_SizeWithAFraction", ping_in_chunks("2.0" + end), 400, kSize},
      {"Section7_1_SizeWithAnUnderscore", ping_in_chunks("0_2" + end), 400, kSize},
      {"Section7_1_SizeWithANul", ping_in_chunks(literal("2\0") + end), 400, kSize},
      // A number that overflows must not become a small one.
      {"Section7_1_SizeOf17Digits", ping_in_chunks("10000000000000002" + end), 400, kOverflow},
      {"Section7_1_SizeOf17Zeros", ping_in_chunks("00000000000000002" + end), 400, kOverflow},
      {"Section7_1_GreatestSize", ping_in_chunks("ffffffffffffffff" + end), 413, "the body is too large"},
      {"Section7_1_SizeOfTwoToThe63", ping_in_chunks("8000000000000000" + end), 413, "the body is too large"},
      {"Section7_1_SizesWhoseSumOverflows", ping_in_chunks("2\r\n{}\r\nffffffffffffffff\r\n"), 413,
       "the body is too large"},

      {"Section7_1_BareLfBehindTheSize", ping_in_chunks("2\n{}\r\n0\r\n\r\n"), 400, kSize},
      {"Section7_1_BareCrBehindTheSize", ping_in_chunks("2\r{}\r\n0\r\n\r\n"), 400, kNoCrlf},
      {"Section7_1_BareLfBehindTheData", ping_in_chunks("2\r\n{}\n0\r\n\r\n"), 400, kNoCrlf},
      {"Section7_1_BareCrBehindTheData", ping_in_chunks("2\r\n{}\r0\r\n\r\n"), 400, kNoCrlf},
      {"Section7_1_NothingBehindTheData", ping_in_chunks("2\r\n{}0\r\n\r\n"), 400, kNoCrlf},
      {"Section7_1_MoreDataThanTheSize", ping_in_chunks("2\r\n{}x\r\n0\r\n\r\n"), 400, kNoCrlf},
      {"Section7_1_LessDataThanTheSize", ping_in_chunks("5\r\n{}\r\n0\r\n\r\n"), 400, kNoSize},
      {"Section7_1_TwoLinesBehindTheData", ping_in_chunks("2\r\n{}\r\n\r\n0\r\n\r\n"), 400, kNoSize},
      {"Section7_1_BareLfBehindTheLastSize", ping_in_chunks("0\n\r\n"), 400, kSize},
      {"Section7_1_BareLfAtTheEnd", ping_in_chunks("0\r\n\n"), 400, kTrailer},
      {"Section7_1_BareCrAtTheEnd", ping_in_chunks("0\r\n\r"), 400, kNoCrlf},

      {"Section7_1_1_BlankWithoutAnExtension", ping_in_chunks("2 " + end), 400, kExtension},
      {"Section7_1_1_NoName", ping_in_chunks("2;" + end), 400, kExtension},
      {"Section7_1_1_NoValue", ping_in_chunks("2;a=" + end), 400, kExtension},
      {"Section7_1_1_ValueWithoutAName", ping_in_chunks("2;=b" + end), 400, kExtension},
      {"Section7_1_1_SeparatorInTheName", ping_in_chunks("2;a@b" + end), 400, kExtension},
      {"Section7_1_1_OpenQuotes", ping_in_chunks("2;a=\"b" + end), 400, kExtension},
      {"Section7_1_1_TextBehindQuotes", ping_in_chunks("2;a=\"b\"c" + end), 400, kExtension},
      {"Section7_1_1_NulInQuotes", ping_in_chunks(literal("2;a=\"\0\"") + end), 400, kExtension},
      // Some servers have passed on such a line as one, and read it as two.
      {"Section7_1_1_BareLfInAnExtension", ping_in_chunks("2;\n{}\r\n0\r\n\r\n"), 400, kExtension},
      {"Section7_1_1_BareLfBehindAnExtension", ping_in_chunks("2;a=b\n{}\r\n0\r\n\r\n"), 400, kExtension},
      {"Section7_1_1_BareLfInQuotes", ping_in_chunks("2;a=\"\n\"" + end), 400, kExtension},
      {"Section7_1_1_LineInQuotes", ping_in_chunks("2;a=\"\r\n\"" + end), 400, kExtension},
      {"Section7_1_1_BareCrInAnExtension", ping_in_chunks("2;a\rb" + end), 400, kNoCrlf},

      {"Section7_1_2_BlankBeforeTheColon", ping_in_chunks("0\r\nX : x\r\n\r\n"), 400, kTrailer},
      {"Section7_1_2_ObsFold", ping_in_chunks("0\r\nX: x\r\n folded\r\n\r\n"), 400, kTrailer},
      {"Section7_1_2_NoColon", ping_in_chunks("0\r\nX\r\n\r\n"), 400, kTrailer},
      {"Section7_1_2_NoName", ping_in_chunks("0\r\n: x\r\n\r\n"), 400, kTrailer},
      {"Section7_1_2_BareLf", ping_in_chunks("0\r\nX: x\nY: y\r\n\r\n"), 400, kTrailer},
      {"Section7_1_2_BareCr", ping_in_chunks("0\r\nX: x\rY: y\r\n\r\n"), 400, kNoCrlf},
      {"Section7_1_2_NulInTheValue", ping_in_chunks(literal("0\r\nX: \0\r\n\r\n")), 400, kTrailer},
      {"Section7_1_2_ARequestInsteadOfTrailers", ping_in_chunks("0\r\n"), 400, kTrailer},
  };
}

std::vector<HostileCase> chunks_that_are_answered() {
  return {
      {"Section7_1_NoData", ping_in_chunks("0\r\n\r\n"), 200, ""},
      {"Section7_1_SizeInAnyCase", ping_in_chunks("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"), 200,
       ""},
      {"Section7_1_SizeOf16Digits", ping_in_chunks("0000000000000002\r\n{}\r\n0\r\n\r\n"), 200, ""},
      {"Section7_1_TheLastSizeOf16Digits", ping_in_chunks("2\r\n{}\r\n0000000000000000\r\n\r\n"), 200, ""},
      {"Section7_1_DataThatLooksLikeTheEnd", ping_in_chunks("5\r\n0\r\n\r\n\r\n0\r\n\r\n"), 200, ""},
      // RFC 9112 section 7.1.1: unknown extensions must be ignored.
      {"Section7_1_1_ExtensionsAreIgnored",
       ping_in_chunks("2;a;b=c;d=\"e;\\\" f\" ; g = h\r\n{}\r\n0;i\r\n\r\n"), 200, ""},
      {"Section7_1_1_AnExtensionOfChunks", ping_in_chunks("2;a=\"5\"\r\n{}\r\n0\r\n\r\n"), 200, ""},
      // RFC 9112 section 7.1.2: trailers are never merged into the head.
      {"Section7_1_2_TrailersAreIgnored",
       ping_in_chunks(
           "0\r\nContent-Length: 100\r\nTransfer-Encoding: gzip\r\nHost: other\r\nConnection: close\r\n\r\n"),
       200, ""},
  };
}

class Chunked : public HostileTable {};
TEST_P(Chunked, IsRefusedAndTheConnectionClosed) { expect_refused(); }
INSTANTIATE_TEST_SUITE_P(Rfc9112, Chunked,
                         ::testing::ValuesIn(at_every_listener(questions(chunks_that_are_refused()))),
                         case_name);

class GoodChunked : public HostileTable {};
TEST_P(GoodChunked, IsAnsweredAndTheNextRequestRead) { expect_answered(); }
INSTANTIATE_TEST_SUITE_P(Rfc9112, GoodChunked,
                         ::testing::ValuesIn(at_every_listener(chunks_that_are_answered())), case_name);

class Trailers : public HostileAtEveryListener {};
INSTANTIATE_TEST_SUITE_P(At, Trailers, ::testing::ValuesIn(kEveryListener), listener_name);

// RFC 9112 section 7.1.2: credentials or a type in a trailer would get past whoever checks only heads.
TEST_P(Trailers, CarryNoCredentials) {
  HttpClient by_tcp(port_);
  const std::string token = obtain_token(by_tcp, "");
  HttpClient client(door_);
  const std::string head =
      std::string("GET ") + kVerifyPath + " HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 127.0.0.1\r\n";
  client.send(head + "Authorization: Token " + token + "\r\n\r\n");
  ASSERT_EQ(client.receive().status, 200);
  client.send(head + "Transfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: Token " + token + "\r\n\r\n");
  const Response response = client.receive();
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(refusal_of(response), "Authentication credentials were not provided.");
  EXPECT_TRUE(client.is_closed_by_server()) << "trailers are no request";
}

TEST_P(Trailers, GiveABodyNoType) {
  HttpClient client(door_);
  client.send(
      "POST /api/v2/authtoken/ HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 127.0.0.1\r\n"
      "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nContent-Type: application/json\r\n\r\n");
  expect_status(GetParam(), 415, client.receive());
}

}  // namespace
}  // namespace latchkey::test
