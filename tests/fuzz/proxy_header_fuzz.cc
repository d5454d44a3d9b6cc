// The PROXY protocol's header, in both versions. It is read at every cut, and the result is written out and
// read again.
#include <algorithm>
#include <memory>
#include <string>

#include "fuzz/property.h"
#include "latchkey/net/proxy_protocol.h"

namespace latchkey::fuzz {
namespace {

using net::Endpoint;
using net::parse_proxy_header;
using net::ProxyHeader;
using Status = ProxyHeader::Status;

bool is_same(const ProxyHeader& left, const ProxyHeader& right) {
  return left.status == right.status && left.consumed == right.consumed && left.source == right.source &&
         std::string_view(left.reason) == right.reason;
}

void check_bounds(std::string_view bytes, const ProxyHeader& header) {
  const bool is_first = bytes.starts_with('P');
  const std::size_t most = is_first ? net::kMaxProxyV1Bytes : net::kMaxProxyV2Bytes;
  if (header.status == Status::kIncomplete) require(bytes.size() < most, "a header has an end");
  if (header.status == Status::kComplete) {
    require(header.consumed > 0 && header.consumed <= most && header.consumed <= bytes.size(),
            "a header has its length");
  }
  require(header.status == Status::kComplete || !header.source, "a client is named by a whole header only");
}

/// The parser remembers nothing between two calls, so each beginning is tried by itself.
void check_cuts(std::string_view bytes, const ProxyHeader& whole) {
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    const auto copy = std::make_unique<char[]>(cut);
    std::copy_n(bytes.data(), cut, copy.get());
    const ProxyHeader header = parse_proxy_header({copy.get(), cut});
    if (header.status != Status::kIncomplete)
      require(is_same(header, whole), "what was decided is not decided anew");
  }
}

std::string first_version_of(const Endpoint& source) {
  const bool is_v4 = source.address.is_v4();
  return (is_v4 ? "PROXY TCP4 " : "PROXY TCP6 ") + source.address.to_text() +
         (is_v4 ? " 192.0.2.1 " : " ::1 ") + std::to_string(source.port) + " 443\r\n";
}

std::string second_version_of(const Endpoint& source) {
  std::string header("\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24", 16);
  for (const std::uint8_t byte : source.address.bytes()) header.push_back(static_cast<char>(byte));
  header.append(16, '\0');
  header.push_back(static_cast<char>(source.port >> 8));
  header.push_back(static_cast<char>(source.port & 0xff));
  return header.append("\1\xbb");
}

void check_written_out(const Endpoint& source) {
  for (const std::string& header : {first_version_of(source), second_version_of(source)}) {
    const ProxyHeader again = parse_proxy_header(header);
    require(again.status == Status::kComplete && again.consumed == header.size(),
            "what it accepts it accepts again");
    require(again.source == source, "what it accepts is written back equal");
  }
}

}  // namespace
}  // namespace latchkey::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey::fuzz;
  const std::string_view bytes = text_of(data, size);
  const ProxyHeader header = parse_proxy_header(bytes);
  check_bounds(bytes, header);
  check_cuts(bytes, header);
  if (header.source) check_written_out(*header.source);
  return 0;
}
