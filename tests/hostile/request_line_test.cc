// RFC 9112 sections 2 and 3: what a line is, the request line, and the four forms of its target, end to end.
#include "hostile/stage.h"

namespace latchkey::test {
namespace {

const std::string kLineEnd = "a line holds a control character or ends without CR";

std::string with_line(const std::string& line) { return line + "\r\nHost: localhost\r\n\r\n"; }

std::string with_host_lines(const std::string& lines) {
  return "GET /api/v2/ping/ HTTP/1.1\r\n" + lines + "\r\n";
}

std::vector<HostileCase> lines_that_are_refused() {
  const std::string ping = get(kPingPath);
  return {
      {"Section2_2_TwoEmptyLinesBefore", "\r\n\r\n" + ping, 400, "malformed method"},
      {"Section2_2_BareLfBefore", "\n" + ping, 400, "malformed method"},
      {"Section2_2_BareCrBefore", "\r" + ping, 400, "CR without LF"},
      {"Section2_2_BareLfAtTheEnd", "GET / HTTP/1.1\nHost: localhost\r\n\r\n", 400, kLineEnd},
      {"Section2_2_BareCrAtTheEnd", "GET / HTTP/1.1\rHost: localhost\r\n\r\n", 400, "CR without LF"},
      {"Section2_2_TwoCrsAtTheEnd", "GET / HTTP/1.1\r\r\nHost: localhost\r\n\r\n", 400, "CR without LF"},
      {"Section2_2_BareCrInTheTarget", with_line("GET /a\rb HTTP/1.1"), 400, "malformed target"},
      {"Section2_2_BareLfInTheTarget", with_line("GET /a\nb HTTP/1.1"), 400, "malformed target"},
      {"Section2_2_BlankBeforeTheFirstField", "GET / HTTP/1.1\r\n Host: localhost\r\n\r\n", 400,
       "malformed field name"},
      {"Section2_2_TabBeforeTheFirstField", "GET / HTTP/1.1\r\n\tHost: localhost\r\n\r\n", 400,
       "malformed field name"},
      {"Section2_2_NulInTheMethod", with_line(literal("GE\0T / HTTP/1.1")), 400, "malformed method"},
      {"Section2_2_NulInTheTarget", with_line(literal("GET /\0 HTTP/1.1")), 400, "malformed target"},
      {"Section2_2_NulInTheVersion", with_line(literal("GET / HTTP/1\0001")), 400, "malformed version"},
      {"Section2_2_AHandshakeOfTls", literal("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), 400,
       "malformed method"},
      {"Section2_2_AResponse", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 400, "malformed method"},

      {"Section2_3_NameInLowerCase", with_line("GET / http/1.1"), 400, "malformed version"},
      {"Section2_3_AnotherName", with_line("GET / HTCPCP/1.0"), 400, "malformed version"},
      {"Section2_3_MinorOfTwoDigits", with_line("GET / HTTP/1.10"), 400, kLineEnd},
      {"Section2_3_NoPoint", with_line("GET / HTTP/11"), 400, "malformed version"},
      {"Section2_3_NoMinor", with_line("GET / HTTP/1"), 400, "malformed version"},
      {"Section2_3_MajorOfTwoDigits", with_line("GET / HTTP/11.1"), 400, "malformed version"},
      {"Section2_3_MajorZero", with_line("GET / HTTP/0.9"), 505, "HTTP version other than 1"},
      {"Section2_3_MajorTwo", with_line("GET / HTTP/2.0"), 505, "HTTP version other than 1"},
      {"Section2_3_ThePrefaceOfHttp2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "HTTP version other than 1"},

      {"Section3_NoVersion", with_line("GET /"), 400, "malformed target"},
      {"Section3_NoTarget", with_line("GET HTTP/1.1"), 400, "malformed target"},
      {"Section3_MethodAlone", with_line("GET"), 400, "malformed method"},
      {"Section3_BlankBeforeTheMethod", with_line(" GET / HTTP/1.1"), 400, "malformed method"},
      {"Section3_TwoBlanksBeforeTheTarget", with_line("GET  / HTTP/1.1"), 400, "malformed target"},
      {"Section3_TwoBlanksBeforeTheVersion", with_line("GET /  HTTP/1.1"), 400, "malformed version"},
      {"Section3_BlankBehindTheVersion", with_line("GET / HTTP/1.1 "), 400, kLineEnd},
      {"Section3_TabBeforeTheTarget", with_line("GET\t/ HTTP/1.1"), 400, "malformed method"},
      {"Section3_TabBeforeTheVersion", with_line("GET /\tHTTP/1.1"), 400, "malformed target"},
      {"Section3_VerticalTabAsBlank", with_line("GET\x0b/ HTTP/1.1"), 400, "malformed method"},
      {"Section3_BlankInTheTarget", with_line("GET /a b HTTP/1.1"), 400, "malformed version"},

      {"Section3_1_SeparatorInTheMethod", with_line("G@T / HTTP/1.1"), 400, "malformed method"},
      {"Section3_1_QuotedMethod", with_line("\"GET\" / HTTP/1.1"), 400, "malformed method"},
      {"Section3_1_MethodBeyondAscii", with_line("G\xc3\x8bT / HTTP/1.1"), 400, "malformed method"},

      {"Section3_2_Fragment", with_line("GET /a#b HTTP/1.1"), 400, "malformed target"},
      {"Section3_2_TargetBeyondAscii", with_line("GET /\xc3\xab HTTP/1.1"), 400, "malformed target"},
      {"Section3_2_ControlInTheTarget", with_line("GET /\x7f HTTP/1.1"), 400, "malformed target"},
      {"Section3_2_ControlInTheQuery", with_line("GET /?a=\x01 HTTP/1.1"), 400, "malformed target"},

      {"Section3_2_1_NoSlashAtFirst", with_line("GET api/v2/ping/ HTTP/1.1"), 400,
       "target is neither a path nor an http address"},
      {"Section3_2_1_QueryAlone", with_line("GET ?a=b HTTP/1.1"), 400,
       "target is neither a path nor an http address"},

      question({"Section3_2_2_AuthorityOtherThanHost", with_line("GET http://other/api/v2/ping/ HTTP/1.1"),
                400, "target's authority differs from Host"}),
      question({"Section3_2_2_PortInTheTargetAlone",
                with_line("GET http://localhost:80/api/v2/ping/ HTTP/1.1"), 400,
                "target's authority differs from Host"}),
      {"Section3_2_2_UserInTheTarget", with_line("GET http://root@localhost/api/v2/ping/ HTTP/1.1"), 400,
       "target's authority differs from Host"},
      {"Section3_2_2_EmptyAuthority", with_line("GET http:///api/v2/ping/ HTTP/1.1"), 400,
       "target's authority differs from Host"},
      {"Section3_2_2_AnotherScheme", with_line("GET ftp://localhost/api/v2/ping/ HTTP/1.1"), 400,
       "target is neither a path nor an http address"},
      {"Section3_2_2_OneSlashBehindTheScheme", with_line("GET http:/localhost/api/v2/ping/ HTTP/1.1"), 400,
       "target is neither a path nor an http address"},
      {"Section3_2_2_AbsoluteFormWithoutHost", "GET http://localhost/api/v2/ping/ HTTP/1.1\r\n\r\n", 400,
       "no Host"},

      question({"Section3_2_3_Connect", with_line("CONNECT localhost:443 HTTP/1.1"), 400,
                "CONNECT is for proxies"}),
      question(
          {"Section3_2_3_ConnectToAPath", with_line("CONNECT / HTTP/1.1"), 400, "CONNECT is for proxies"}),
      {"Section3_2_3_AuthorityFormWithoutConnect", with_line("GET localhost:443 HTTP/1.1"), 400,
       "target is neither a path nor an http address"},

      question({"Section3_2_4_AsteriskWithoutOptions", with_line("GET * HTTP/1.1"), 400,
                "target '*' without OPTIONS"}),
      {"Section3_2_4_AsteriskWithAQuery", with_line("OPTIONS *?a HTTP/1.1"), 400,
       "target is neither a path nor an http address"},
  };
}

std::vector<HostileCase> hosts_that_are_refused() {
  std::vector<HostileCase> cases = {
      {"Section3_2_NoHost", with_host_lines(""), 400, "no Host"},
      {"Section3_2_TwoHosts", with_host_lines("Host: localhost\r\nHost: other\r\n"), 400,
       "more than one Host"},
      {"Section3_2_TwoHostsThatAreEqual", with_host_lines("Host: localhost\r\nhost: localhost\r\n"), 400,
       "more than one Host"},
      {"Section3_2_TwoHostsInHttp10", "GET / HTTP/1.0\r\nHost: localhost\r\nHost: other\r\n\r\n", 400,
       "more than one Host"},
      {"Section3_2_HostWithABlankBeforeItsColon", with_host_lines("Host : localhost\r\n"), 400,
       "malformed field name"},
  };
  const std::pair<const char*, const char*> values[] = {
      {"HostsInAList", "localhost, other"},
      {"HostOfTwoWords", "localhost other"},
      {"HostWithAPath", "localhost/path"},
      {"HostWithAUser", "root@localhost"},
      {"HostOfAPortAlone", ":80"},
      {"HostWithAPortThatIsNone", "localhost:http"},
      {"HostWithTwoPorts", "localhost:80:81"},
      {"HostWithABackslash", "localhost\\other"},
      {"HostWithAnEscape", "local%68ost"},
      {"HostOfAnOpenBracket", "[::1"},
      {"HostWithAZone", "[fe80::1%25eth0]"},
      {"HostBeyondAscii",
       "l\xc3\xb6"
       "calhost"},
  };
  for (const auto& [name, value] : values) {
    cases.push_back({std::string("Section3_2_") + name,
                     with_host_lines(std::string("Host: ") + value + "\r\n"), 400, "malformed Host"});
  }
  return cases;
}

std::vector<HostileCase> lines_that_are_answered() {
  const std::string ping = get(kPingPath);
  return {
      {"Section2_2_OneEmptyLineBefore", "\r\n" + ping, 200, ""},
      {"Section2_3_ALaterMinorVersion", with_line("GET /api/v2/ping/ HTTP/1.9"), 200, ""},
      {"Section3_1_MethodInLowerCaseIsAnother", with_line("post /api/v2/authtoken/ HTTP/1.1"), 405, ""},
      {"Section3_1_MethodThatNobodyKnows", with_line(std::string(200, 'M') + " /api/v2/authtoken/ HTTP/1.1"),
       405, ""},
      {"Section3_2_HostWithAPort", with_host_lines("Host: localhost:8080\r\n"), 200, ""},
      {"Section3_2_HostThatIsEmpty", with_host_lines("Host:\r\n"), 200, ""},
      {"Section3_2_HostInBrackets", with_host_lines("Host: [::1]:80\r\n"), 200, ""},
      {"Section3_2_1_PathThatLooksLikeAnAuthority", with_line("GET //localhost/ HTTP/1.1"), 404, ""},
      {"Section3_2_2_AbsoluteForm", with_line("GET http://localhost/api/v2/ping/ HTTP/1.1"), 200, ""},
      {"Section3_2_2_AbsoluteFormInUpperCase", with_line("GET HTTP://LOCALHOST/api/v2/ping/ HTTP/1.1"), 200,
       ""},
      {"Section3_2_2_AbsoluteFormOfHttps", with_line("GET https://localhost/api/v2/ping/ HTTP/1.1"), 200, ""},
      {"Section3_2_4_AsteriskWithOptions", with_line("OPTIONS * HTTP/1.1"), 404, ""},
  };
}

class RequestLine : public HostileTable {};
TEST_P(RequestLine, IsRefusedAndTheConnectionClosed) { expect_refused(); }
INSTANTIATE_TEST_SUITE_P(Rfc9112, RequestLine,
                         ::testing::ValuesIn(at_every_listener(lines_that_are_refused())), case_name);
INSTANTIATE_TEST_SUITE_P(AtAdminListen, RequestLine,
                         ::testing::ValuesIn(at_admin_listen(lines_that_are_refused())), case_name);

class Host : public HostileTable {};
TEST_P(Host, IsRefusedAndTheConnectionClosed) { expect_refused(); }
INSTANTIATE_TEST_SUITE_P(Rfc9112, Host, ::testing::ValuesIn(at_every_listener(hosts_that_are_refused())),
                         case_name);
INSTANTIATE_TEST_SUITE_P(AtAdminListen, Host, ::testing::ValuesIn(at_admin_listen(hosts_that_are_refused())),
                         case_name);

class GoodRequestLine : public HostileTable {};
TEST_P(GoodRequestLine, IsAnsweredAndTheNextRequestRead) { expect_answered(); }
INSTANTIATE_TEST_SUITE_P(Rfc9112, GoodRequestLine,
                         ::testing::ValuesIn(at_every_listener(lines_that_are_answered())), case_name);

}  // namespace
}  // namespace latchkey::test
