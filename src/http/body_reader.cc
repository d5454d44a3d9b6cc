#include "http/body_reader.h"

#include <algorithm>
#include <span>

namespace latchkey::http {

namespace {

ChunkedLimits chunked_limits(std::size_t max_body_bytes) noexcept {
  ChunkedLimits limits;
  limits.max_body_bytes = max_body_bytes;
  return limits;
}

}  // namespace

BodyReader::BodyReader(const RequestHead& head, std::size_t max_body_bytes) noexcept
    : is_chunked_(head.body == BodyFraming::kChunked),
      length_(head.body == BodyFraming::kSized ? static_cast<std::size_t>(head.content_length) : 0),
      decoder_(chunked_limits(max_body_bytes)) {}

BodyReader::Status BodyReader::take(Input& input, SecretBuffer& body) {
  return is_chunked_ ? take_chunks(input, body) : take_sized(input, body);
}

BodyReader::Status BodyReader::take_sized(Input& input, SecretBuffer& body) const {
  body.reserve(length_);
  const std::size_t here = std::min(length_ - body.size(), input.unread().size());
  body.append(input.unread().substr(0, here));
  input.consume(here);
  return body.size() == length_ ? Status::kDone : Status::kNeedMore;
}

BodyReader::Status BodyReader::take_chunks(Input& input, SecretBuffer& body) {
  const std::span<char> bytes = input.unread_in_place();
  const ChunkedDecoder::Progress progress = decoder_.decode(bytes);
  body.append({bytes.data(), progress.data_bytes});
  input.consume(progress.consumed);
  switch (progress.status) {
    case ChunkedDecoder::Progress::Status::kNeedMore:
      return Status::kNeedMore;
    case ChunkedDecoder::Progress::Status::kDone:
      return Status::kDone;
    case ChunkedDecoder::Progress::Status::kRefused:
      break;
  }
  refusal_ = progress.refusal;
  return Status::kRefused;
}

}  // namespace latchkey::http
