#include "latchkey/http/request.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "latchkey/http/request_parser.h"

namespace latchkey::http {
namespace {

std::vector<std::string_view> views_of(const RequestHead& head) {
  std::vector<std::string_view> views{head.method_text, head.target, head.path, head.query};
  for (std::size_t i = 0; i < head.header_count; ++i) {
    views.push_back(head.headers[i].name);
    views.push_back(head.headers[i].value);
  }
  return views;
}

RequestHead parsed(std::string_view bytes) {
  RequestHead head;
  EXPECT_EQ(parse_request_head(bytes, 0, {}, head).status, ParseResult::Status::kComplete) << bytes;
  return head;
}

TEST(Rebase, MovesEveryViewIntoTheCopy) {
  for (const std::string bytes :
       {"\r\nPOST /a/b?c=d HTTP/1.1\r\nHost: h\r\nEmpty:\r\nAuthorization: Token x\r\nLast: z\r\n\r\n",
        "GET http://h/x HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"}) {
    std::string original = bytes;
    RequestHead head = parsed(original);
    const std::string copy = original;
    rebase(head, original, copy);
    original.assign(original.size(), '#');
    const RequestHead anew = parsed(copy);
    ASSERT_EQ(views_of(head), views_of(anew));
    for (std::size_t i = 0; i < views_of(head).size(); ++i) {
      if (views_of(anew)[i].empty()) continue;
      EXPECT_EQ(views_of(head)[i].data(), views_of(anew)[i].data()) << i;
    }
  }
}

TEST(Rebase, LeavesAPathThatIsNotOfTheBytes) {
  const std::string original = "GET http://h HTTP/1.1\r\nHost: h\r\n\r\n";
  RequestHead head = parsed(original);
  const std::string copy = original;
  rebase(head, original, copy);
  EXPECT_EQ(head.path, "/");
  EXPECT_EQ(head.target, "http://h");
}

}  // namespace
}  // namespace latchkey::http
