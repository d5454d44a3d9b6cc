#include "latchkey/http/response_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace latchkey::http {
namespace {

using Step = ResponseReader::Step;

struct Seen {
  int status;
  bool keep_alive;
  std::string body;
  bool operator==(const Seen&) const = default;
};

void PrintTo(const Seen& seen, std::ostream* out) {
  *out << seen.status << (seen.keep_alive ? " open " : " close ") << seen.body;
}

// All answers in `bytes`, given in pieces of `piece` bytes. The reader must consume all of them.
std::vector<Seen> read_all(ResponseReader& reader, std::string_view bytes, std::size_t piece,
                           bool to_head = false) {
  std::vector<Seen> seen;
  while (!bytes.empty()) {
    // A copy of just these bytes, so that a sanitizer notices a view that is kept.
    const std::string part(bytes.substr(0, piece));
    bytes.remove_prefix(part.size());
    std::string_view rest = part;
    Step step{};
    while ((step = reader.next(rest, to_head, true)) == Step::kAnswer) {
      const Answer& answer = reader.answer();
      seen.push_back({answer.status, answer.keep_alive, std::string(answer.body)});
    }
    if (step == Step::kRefused) {
      ADD_FAILURE() << reader.refusal();
      return seen;
    }
    EXPECT_TRUE(rest.empty());
  }
  return seen;
}

std::string refusal_of(std::string_view bytes) {
  ResponseReader reader;
  const Step step = reader.next(bytes, false, false);
  return step == Step::kRefused ? std::string(reader.refusal()) : "";
}

TEST(ResponseReader, TakesATrainOfAnswersApartWhereverItIsCut) {
  const std::string train =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-LENGTH:  5 \r\nX: y\r\n\r\nhello"
      "HTTP/1.1 204 No Content\r\nAllow: POST\r\n\r\n"
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nContent-Length: "
      "2\r\n\r\n{}"
      "HTTP/1.1 304\r\nContent-Length: 99\r\n\r\n"
      "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"
      "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n"
      "HTTP/1.1 503 \r\nConnection: close\r\nContent-Length: 4\r\n\r\n\r\n\r\n";
  const std::vector<Seen> expected = {{200, true, "hello"},    {204, true, ""},  {401, true, "{}"},
                                      {304, true, ""},         {200, false, ""}, {200, true, ""},
                                      {503, false, "\r\n\r\n"}};
  for (std::size_t piece = 1; piece <= train.size(); ++piece) {
    ResponseReader reader;
    ASSERT_EQ(read_all(reader, train, piece), expected) << "cut every " << piece << " bytes";
    ASSERT_FALSE(reader.in_answer());
  }
}

TEST(ResponseReader, ExpectsNoBodyAfterHead) {
  ResponseReader reader;
  const std::vector<Seen> seen = read_all(
      reader, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 7\r\n\r\n",
      1000, true);
  EXPECT_EQ(seen, (std::vector<Seen>{{200, true, ""}, {404, true, ""}}));
}

TEST(ResponseReader, LeavesABodyThatNobodyReadsBehind) {
  ResponseReader reader;
  const std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + std::string(1'000'000, 'x');
  std::string_view bytes = answer;
  ASSERT_EQ(reader.next(bytes, false, false), Step::kAnswer);
  EXPECT_TRUE(reader.answer().body.empty());
  EXPECT_TRUE(bytes.empty());
}

TEST(ResponseReader, SaysWhetherAnAnswerHasBegun) {
  ResponseReader reader;
  std::string_view bytes = "HTTP/1.1 200 OK\r\n";
  EXPECT_FALSE(reader.in_answer());
  EXPECT_EQ(reader.next(bytes, false, false), Step::kNeedMore);
  EXPECT_TRUE(reader.in_answer());
  reader.reset();
  EXPECT_FALSE(reader.in_answer());
}

TEST(ResponseReader, RefusesWhatCouldBeReadInTwoWays) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  EXPECT_EQ(refusal_of("HTTP/2 200 OK\r\n\r\n"), "an answer does not begin with HTTP/1.1 and a status");
  EXPECT_EQ(refusal_of("HTTP/1.1 2x0 OK\r\n\r\n"), "the status of an answer is not a number");
  EXPECT_EQ(refusal_of("HTTP/1.1 099 OK\r\n\r\n"), "the status of an answer is not in 100 to 599");
  EXPECT_EQ(refusal_of("HTTP/1.1 2000 OK\r\n\r\n"), "an answer does not begin with HTTP/1.1 and a status");
  EXPECT_EQ(refusal_of(ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"), "an answer has two lengths");
  EXPECT_EQ(refusal_of(ok + "Content-Length: 1, 1\r\n\r\n"),
            "the Content-Length of an answer is not a number");
  EXPECT_EQ(refusal_of(ok + "Content-Length: +1\r\n\r\n"), "the Content-Length of an answer is not a number");
  EXPECT_EQ(refusal_of(ok + "Content-Length:\r\n\r\n"), "the Content-Length of an answer is not a number");
  EXPECT_EQ(refusal_of(ok + "Content-Length: 99999999999999999999\r\n\r\n"),
            "the Content-Length of an answer is not a number");
  EXPECT_EQ(refusal_of(ok + "Content-Length : 1\r\n\r\n"),
            "a name in an answer's head has white space beside it");
  EXPECT_EQ(refusal_of(ok + "X: y\r\n Content-Length: 1\r\n\r\n"),
            "a name in an answer's head has white space beside it");
  EXPECT_EQ(refusal_of(ok + "X: y\nContent-Length: 1\r\n\r\n"), "a line of an answer ends in a bare LF");
  EXPECT_EQ(refusal_of(ok + "nonsense\r\n\r\n"), "a line of an answer's head has no name");
}

TEST(ResponseReader, SaysThatItReadsNoOtherKindOfBody) {
  EXPECT_EQ(refusal_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
            "the answer has Transfer-Encoding, and only Content-Length is read here");
  EXPECT_EQ(refusal_of("HTTP/1.1 200 OK\r\nServer: x\r\n\r\n"), "the answer has no Content-Length");
}

TEST(ResponseReader, RefusesAHeadWithoutEnd) {
  ResponseReader reader;
  const std::string piece(1000, 'x');
  Step step = Step::kNeedMore;
  for (std::size_t sent = 0; step == Step::kNeedMore && sent < 20 * 1024; sent += piece.size()) {
    std::string_view bytes = piece;
    step = reader.next(bytes, false, false);
  }
  EXPECT_EQ(step, Step::kRefused);
  EXPECT_EQ(reader.refusal(), "the head of an answer is longer than 16 KiB");
}

}  // namespace
}  // namespace latchkey::http
