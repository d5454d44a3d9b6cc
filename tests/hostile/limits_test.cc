// Each limit on what a client may send, at its last good value and one beyond it, end to end.
#include "hostile/stage.h"

namespace latchkey::test {
namespace {

// The server's defaults.
constexpr std::size_t kMaxTargetBytes = 8192;
constexpr std::size_t kMaxHeadBytes = 32768;
constexpr std::size_t kMaxFields = 64;
constexpr std::size_t kMaxBodyBytes = 65536;
constexpr std::size_t kMaxExtensionBytes = 4096;
constexpr std::size_t kMaxTrailerBytes = 4096;

std::string target_of(std::size_t bytes) { return std::string("/?") + std::string(bytes - 2, 'a'); }

std::string ping_of_head(std::size_t bytes) {
  const std::string start = "GET /api/v2/ping/ HTTP/1.1\r\nHost: localhost\r\nX: ";
  const std::string end = "\r\n\r\n";
  return start + std::string(bytes - start.size() - end.size(), 'a') + end;
}

/// `count` fields, including Host.
std::string ping_of_fields(std::size_t count) {
  std::string lines;
  for (std::size_t i = 1; i < count; ++i) lines += "X-" + std::to_string(i) + ":\r\n";
  return ping_with(lines);
}

std::string ping_of_body(std::size_t bytes) {
  return ping_with("Content-Length: " + std::to_string(bytes) + "\r\n", std::string(bytes, 'b'));
}

/// In chunks of 256 bytes, and the rest in chunks of one byte.
std::string ping_of_chunks(std::size_t bytes) {
  std::string chunks;
  for (std::size_t left = bytes; left >= 256; left -= 256)
    chunks += "100\r\n" + std::string(256, 'c') + "\r\n";
  for (std::size_t left = bytes % 256; left > 0; --left) chunks += "1\r\nc\r\n";
  return ping_in_chunks(chunks + "0\r\n\r\n");
}

/// Extensions of two chunks together. The limit is on the bytes behind the `;`, including the CR.
std::string ping_of_extensions(std::size_t bytes) {
  return ping_in_chunks("1;" + std::string(bytes - 3, 'e') + "\r\nc\r\n0;e\r\n\r\n");
}

/// All bytes behind the last chunk's line, except the last LF.
std::string ping_of_trailers(std::size_t bytes) {
  return ping_in_chunks("0\r\nX:" + std::string(bytes - 5, 't') + "\r\n\r\n");
}

std::vector<HostileCase> sizes_that_are_refused() {
  return {
      {"Section3_TargetTooLong", get(target_of(kMaxTargetBytes + 1)), 414, "target too long"},
      {"Section3_TargetFarTooLong", get(target_of(kMaxHeadBytes)), 414, "target too long"},
      {"Section3_MethodTooLong", std::string(kMaxHeadBytes, 'M'), 414, "request line too long"},
      {"Section5_4_HeadTooLong", ping_of_head(kMaxHeadBytes + 1), 431, "header section too long"},
      {"Section5_4_NameTooLong", ping_with(std::string(kMaxHeadBytes, 'N') + ": x\r\n"), 431,
       "header section too long"},
      {"Section5_4_FieldsTooMany", ping_of_fields(kMaxFields + 1), 431, "too many header fields"},
      question({"Section6_BodyTooLong", ping_of_body(kMaxBodyBytes + 1), 413, "the body is too large"}),
      question({"Section7_1_ChunksTooLong", ping_of_chunks(kMaxBodyBytes + 1), 413, "the body is too large"}),
      question({"Section7_1_1_ExtensionsTooLong", ping_of_extensions(kMaxExtensionBytes + 1), 400,
                "chunked body: extensions too long"}),
      question({"Section7_1_2_TrailersTooLong", ping_of_trailers(kMaxTrailerBytes + 1), 431,
                "trailer section too long"}),
  };
}

std::vector<HostileCase> sizes_that_are_answered() {
  return {
      {"Section3_LongestTarget", get(target_of(kMaxTargetBytes)), 200, ""},
      {"Section5_4_LongestHead", ping_of_head(kMaxHeadBytes), 200, ""},
      {"Section5_4_MostFields", ping_of_fields(kMaxFields), 200, ""},
      {"Section6_LongestBody", ping_of_body(kMaxBodyBytes), 200, ""},
      {"Section7_1_LongestChunks", ping_of_chunks(kMaxBodyBytes), 200, ""},
      {"Section7_1_1_LongestExtensions", ping_of_extensions(kMaxExtensionBytes), 200, ""},
      {"Section7_1_2_LongestTrailers", ping_of_trailers(kMaxTrailerBytes), 200, ""},
  };
}

class Limit : public HostileTable {};
TEST_P(Limit, IsHeldAndTheConnectionClosed) { expect_refused(); }
INSTANTIATE_TEST_SUITE_P(Rfc9112, Limit, ::testing::ValuesIn(at_every_listener(sizes_that_are_refused())),
                         case_name);

class GoodSize : public HostileTable {};
TEST_P(GoodSize, IsAnsweredAndTheNextRequestRead) { expect_answered(); }
INSTANTIATE_TEST_SUITE_P(Rfc9112, GoodSize, ::testing::ValuesIn(at_every_listener(sizes_that_are_answered())),
                         case_name);

}  // namespace
}  // namespace latchkey::test
