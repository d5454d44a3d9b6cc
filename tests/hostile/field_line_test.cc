// RFC 9112 section 5: field lines, the white space that makes them ambiguous, and fields that may not appear
// twice, end to end.
#include "hostile/stage.h"

namespace latchkey::test {
namespace {

const std::string kLineEnd = "a line holds a control character or ends without CR";

std::vector<HostileCase> fields_that_are_refused() {
  const std::string name = "malformed field name";
  return {
      {"Section5_NoColon", ping_with("X\r\n"), 400, name},
      {"Section5_NoName", ping_with(": x\r\n"), 400, name},
      {"Section5_SeparatorInTheName", ping_with("X(y): x\r\n"), 400, name},
      {"Section5_QuotedName", ping_with("\"X\": x\r\n"), 400, name},
      {"Section5_NameBeyondAscii", ping_with("X\xc3\xab: x\r\n"), 400, name},
      {"Section5_NulInTheName", ping_with(literal("X\0y: x\r\n")), 400, name},
      {"Section5_ControlInTheName", ping_with("X\x01: x\r\n"), 400, name},

      {"Section5_1_BlankBeforeTheColon", ping_with("X : x\r\n"), 400, name},
      {"Section5_1_TabBeforeTheColon", ping_with("X\t: x\r\n"), 400, name},
      {"Section5_1_BlankInTheName", ping_with("X y: x\r\n"), 400, name},
      {"Section5_1_BlankBeforeTheName", ping_with("X: x\r\n Y: y\r\n"), 400, name},
      {"Section5_1_LineBetweenNameAndColon", ping_with("X\r\n: x\r\n"), 400, name},

      {"Section5_2_ObsFold", ping_with("X: x\r\n folded\r\n"), 400, name},
      {"Section5_2_ObsFoldByATab", ping_with("X: x\r\n\tfolded\r\n"), 400, name},
      {"Section5_2_ObsFoldOfAnEmptyValue", ping_with("X:\r\n folded\r\n"), 400, name},
      {"Section5_2_ObsFoldOfNothing", ping_with("X: x\r\n \r\n"), 400, name},
      {"Section5_2_ObsFoldOfTheFraming", ping_with("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), 400,
       name},

      {"Section2_2_BareLfBehindAField", ping_with("X: x\nY: y\r\n"), 400, kLineEnd},
      {"Section2_2_BareCrBehindAField", ping_with("X: x\rY: y\r\n"), 400, "CR without LF"},
      {"Section2_2_TwoCrsBehindAField", ping_with("X: x\r\r\n"), 400, "CR without LF"},
      {"Section2_2_BareLfAsTheEmptyLine", "GET /api/v2/ping/ HTTP/1.1\r\nHost: localhost\r\n\n", 400, name},
      {"Section2_2_BareCrAsTheEmptyLine", "GET /api/v2/ping/ HTTP/1.1\r\nHost: localhost\r\n\r", 400,
       "CR without LF"},
      {"Section5_5_NulInTheValue", ping_with(literal("X: a\0b\r\n")), 400, kLineEnd},
      {"Section5_5_ControlInTheValue",
       ping_with("X: a\x0b"
                 "b\r\n"),
       400, kLineEnd},
      {"Section5_5_EscapeInTheValue", ping_with("X: \x1b[2J\r\n"), 400, kLineEnd},
      {"Section5_5_DeleteInTheValue", ping_with("X: \x7f\r\n"), 400, kLineEnd},

      // Fields of which two readers could pick different ones.
      question({"Twice_Authorization", ping_with("Authorization: Token a\r\nAuthorization: Token b\r\n"), 400,
                "a credential header stands twice"}),
      question({"Twice_XAuthToken", ping_with("X-Auth-Token: Token a\r\nx-auth-token: Token b\r\n"), 400,
                "a credential header stands twice"}),
      question({"Twice_ContentType",
                ping_with("Content-Type: text/plain\r\nContent-Type: application/json\r\n"), 400,
                "Content-Type stands twice"}),
      question({"Expect_SomethingElse", ping_with("Expect: 200-ok\r\nContent-Length: 2\r\n", "{}"), 417,
                "Expect other than 100-continue"}),
  };
}

std::vector<HostileCase> fields_that_are_answered() {
  return {
      {"Section5_NameInAnyCase", "GET /api/v2/ping/ HTTP/1.1\r\nhOsT: localhost\r\n\r\n", 200, ""},
      {"Section5_1_NoBlankBehindTheColon", "GET /api/v2/ping/ HTTP/1.1\r\nHost:localhost\r\n\r\n", 200, ""},
      {"Section5_1_BlanksAroundTheValue", "GET /api/v2/ping/ HTTP/1.1\r\nHost: \t localhost \t \r\n\r\n", 200,
       ""},
      {"Section5_5_EmptyValue", ping_with("X:\r\nY: \t\r\n"), 200, ""},
      {"Section5_5_ValueBeyondAscii", ping_with("X: \xc3\xab\xff\x80\r\n"), 200, ""},
      {"Section5_5_TabInTheValue", ping_with("X: a\tb\r\n"), 200, ""},
      {"Section5_EveryCharacterOfAName", ping_with("!#$%&'*+-.^_`|~09azAZ: x\r\n"), 200, ""},
      {"Section5_ColonsInTheValue", ping_with("X: y: z\r\n"), 200, ""},
      {"Section5_UnknownFieldTwice", ping_with("X: 1\r\nX: 2\r\n"), 200, ""},
      {"Rfc9113_8_2_3_CookieTwice", ping_with("Cookie: token=a\r\nCookie: token=b\r\n"), 200, ""},
  };
}

class FieldLine : public HostileTable {};
TEST_P(FieldLine, IsRefusedAndTheConnectionClosed) { expect_refused(); }
INSTANTIATE_TEST_SUITE_P(Rfc9112, FieldLine,
                         ::testing::ValuesIn(at_every_listener(fields_that_are_refused())), case_name);
INSTANTIATE_TEST_SUITE_P(AtAdminListen, FieldLine,
                         ::testing::ValuesIn(at_admin_listen(fields_that_are_refused())), case_name);

class GoodFieldLine : public HostileTable {};
TEST_P(GoodFieldLine, IsAnsweredAndTheNextRequestRead) { expect_answered(); }
INSTANTIATE_TEST_SUITE_P(Rfc9112, GoodFieldLine,
                         ::testing::ValuesIn(at_every_listener(fields_that_are_answered())), case_name);

}  // namespace
}  // namespace latchkey::test
