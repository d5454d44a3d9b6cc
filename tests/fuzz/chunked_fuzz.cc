// The decoder of chunked bodies, compared with the plain reader, with itself at every cut, and with its own
// result written out again. The first byte chooses the limits.
#include <array>
#include <string>

#include "fuzz/plain_request.h"
#include "fuzz/property.h"
#include "http/chunked.h"

namespace latchkey::fuzz {
namespace {

using http::ChunkedDecoder;
using http::ChunkedLimits;
using Status = ChunkedDecoder::Progress::Status;

constexpr std::array<ChunkedLimits, 2> kLimits = {
    ChunkedLimits{}, ChunkedLimits{.max_body_bytes = 24, .max_extension_bytes = 12, .max_trailer_bytes = 12}};

struct Decoded {
  Status status = Status::kNeedMore;
  std::size_t consumed = 0;
  std::string body;
  std::string_view reason;
  std::string rest;  ///< what follows the body

  bool operator==(const Decoded&) const = default;
};

/// Decodes further bytes of a body, in memory that ends where they end.
void decode_more(ChunkedDecoder& decoder, std::string_view bytes, Decoded& decoded) {
  std::string room(bytes);
  room.shrink_to_fit();
  const ChunkedDecoder::Progress progress = decoder.decode(std::span(room.data(), room.size()));
  require(progress.consumed <= room.size() && progress.data_bytes <= progress.consumed,
          "data comes from what is used");
  if (progress.status == Status::kNeedMore)
    require(progress.consumed == room.size(), "who needs more has used all");
  decoded.status = progress.status;
  decoded.consumed += progress.consumed;
  decoded.body.append(room, 0, progress.data_bytes);
  decoded.reason = progress.refusal.reason;
  decoded.rest = room.substr(progress.consumed);
}

Decoded decode_whole(std::string_view bytes, const ChunkedLimits& limits) {
  ChunkedDecoder decoder(limits);
  Decoded decoded;
  decode_more(decoder, bytes, decoded);
  require(decoded.body.size() <= limits.max_body_bytes, "a body keeps its length");
  require(decoded.rest == bytes.substr(decoded.consumed), "what stands behind a body is left as it is");
  return decoded;
}

void check_cuts(std::string_view bytes, const ChunkedLimits& limits, const Decoded& whole) {
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    ChunkedDecoder decoder(limits);
    Decoded decoded;
    decode_more(decoder, bytes.substr(0, cut), decoded);
    if (decoded.status == Status::kNeedMore) decode_more(decoder, bytes.substr(cut), decoded);
    decoded.rest = bytes.substr(decoded.consumed);
    require(decoded == whole, "the cut makes no difference");
  }
}

std::string written_out(std::string_view body) {
  std::string chunks;
  for (const char c : body) chunks.append("1\r\n").append(1, c).append("\r\n");
  return chunks.append("0\r\n\r\n");
}

}  // namespace
}  // namespace latchkey::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey::fuzz;
  if (size == 0) return 0;
  const ChunkedLimits& limits = kLimits[data[0] % kLimits.size()];
  const std::string_view bytes = text_of(data + 1, size - 1);
  const Decoded whole = decode_whole(bytes, limits);
  check_cuts(bytes, limits, whole);
  if (whole.status == Status::kDone) {
    const Decoded again = decode_whole(written_out(whole.body), limits);
    require(again.status == Status::kDone && again.body == whole.body,
            "what it accepts is written back equal");
  }
  const auto plain = read_chunks_plainly(bytes, static_cast<std::size_t>(limits.max_body_bytes));
  const bool is_done = whole.status == Status::kDone;
  require(plain.has_value() || !is_done, "the plain reader accepts the same");
  // The plain reader knows no limit but the body's. The server's other limits are beyond the longest input.
  require(is_done || !plain || limits.max_trailer_bytes < bytes.size(), "the plain reader accepts the same");
  if (plain && is_done)
    require(plain->bytes == whole.consumed && plain->body == whole.body, "the plain reader reads the same");
  return 0;
}
