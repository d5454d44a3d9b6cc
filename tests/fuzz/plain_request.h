// A second reader of request heads, written only to be obviously right. It cuts the text at its line ends,
// copies everything, and checks the rules of RFC 9112 one by one. It shares no code with the server's parser.
// Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace latchkey::fuzz {

struct PlainLimits {
  std::size_t max_head_bytes;
  std::size_t max_target_bytes;
  std::size_t max_headers;
};

struct PlainRequest {
  enum class Body { kNone, kSized, kChunked };

  std::size_t head_bytes = 0;
  std::string method;
  std::string target;
  std::string path;
  std::string query;
  int minor_version = 1;
  std::vector<std::pair<std::string, std::string>> fields;
  Body body = Body::kNone;
  std::uint64_t content_length = 0;
  bool keep_alive = true;
  bool expect_continue = false;
  /// HTTP itself is whole, and still no listener but one for questions takes it.
  bool is_question_alone = false;
};

/// Reads the request whose whole head is at the start of `bytes`; nothing if there is no whole head, or if a
/// rule forbids it. With `as_question`, only what breaks HTTP itself is forbidden.
std::optional<PlainRequest> read_plainly(std::string_view bytes, const PlainLimits& limits,
                                         bool as_question = false);

/// The chunked body that is whole and at the start of `bytes`, and how many bytes its chunks, extensions and
/// trailers take; nothing if there is none.
struct PlainChunks {
  std::size_t bytes = 0;
  std::string body;
};
std::optional<PlainChunks> read_chunks_plainly(std::string_view bytes, std::size_t max_body_bytes);

}  // namespace latchkey::fuzz
