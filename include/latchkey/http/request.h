// The head of a request as views into the bytes it was parsed from. Fixed in size and meant to be used again
// for every request of a connection, which owns it together with the buffer; it is valid while the buffer's
// bytes stand where they stood. One core thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace latchkey::http {

inline constexpr std::size_t kMaxHeaders = 64;

enum class Method : std::uint8_t {
  kGet,
  kHead,
  kPost,
  kPut,
  kPatch,
  kDelete,
  kOptions,
  kTrace,
  kConnect,
  kOther,  ///< any other token; its name is in `method_text`
};

/// The fields that this server reads. `kOther` is every other name.
enum class KnownHeader : std::uint8_t {
  kHost,
  kContentLength,
  kTransferEncoding,
  kConnection,
  kExpect,
  kAuthorization,
  kXAuthToken,
  kCookie,
  kUserAgent,
  kXForwardedFor,
  kForwarded,
  kAccept,
  kContentType,
  kOther,
};
inline constexpr std::size_t kKnownHeaderCount = static_cast<std::size_t>(KnownHeader::kOther);

/// One field line: the name as it came, the value without the blanks around it.
struct Header {
  std::string_view name;
  std::string_view value;
  KnownHeader known = KnownHeader::kOther;
};

enum class BodyFraming : std::uint8_t {
  kNone,
  kSized,    ///< `content_length` bytes follow the head, possibly 0
  kChunked,  ///< RFC 9112 §7.1
};

struct RequestHead {
  Method method = Method::kOther;
  std::uint8_t minor_version = 1;  ///< 0 for HTTP/1.0, 1 for HTTP/1.1 and any later 1.x (RFC 9110 §2.5).
  BodyFraming body = BodyFraming::kNone;
  bool keep_alive = false;  ///< The client lets the connection live on after this request (RFC 9112 §9.3).
  bool expect_continue = false;  ///< The client holds its body back until it sees 100 (RFC 9110 §10.1.1).
  std::uint64_t content_length = 0;

  std::string_view method_text;
  std::string_view target;  ///< As it came, in whichever form (RFC 9112 §3.2).
  std::string_view path;    ///< Not decoded. Begins with '/', or is `*`.
  std::string_view query;   ///< Not decoded, without its '?'; empty as well where there is none.

  std::size_t header_count = 0;
  std::array<Header, kMaxHeaders> headers;  ///< In order of arrival; beyond `header_count` stale.

  /// Where the lines of a known field stand. `first` counts only if `lines` is not 0.
  struct KnownLines {
    std::uint8_t first = 0;
    std::uint8_t lines = 0;
  };
  std::array<KnownLines, kKnownHeaderCount> known;

  /// How many lines carry this field. Not for kOther.
  std::size_t lines(KnownHeader name) const noexcept { return known[static_cast<std::size_t>(name)].lines; }
  bool has(KnownHeader name) const noexcept { return lines(name) != 0; }

  /// The value of the first line with this field, empty where there is none. Not for kOther.
  std::string_view value(KnownHeader name) const noexcept {
    const KnownLines& at = known[static_cast<std::size_t>(name)];
    return at.lines == 0 ? std::string_view{} : headers[at.first].value;
  }
};

/// Makes `head` one of `to`, a copy of the bytes `from` that it was parsed from: a view into `from` is moved
/// to the same place in `to`. A view of other bytes stays; such is the path "/" of a target without one.
/// Requires: both have the same size.
void rebase(RequestHead& head, std::string_view from, std::string_view to) noexcept;

/// A field that is not among the known ones.
struct OtherHeader {
  std::size_t lines = 0;
  std::string_view value;  ///< of the last line
};

/// Looks for `name`, whatever its case, through all fields: for requests that are rare.
OtherHeader find_other_header(const RequestHead& head, std::string_view name) noexcept;

}  // namespace latchkey::http
