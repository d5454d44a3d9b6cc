// The head of a request, as views into the bytes it was parsed from. It has a fixed size and is reused for
// every request of a connection.
// Thread: one core's.
// Lifetime: it is valid while the parsed bytes stay in place.
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

/// The fields that this server reads. `kOther` is any other name.
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
  kXOriginalUrl,
  kXOriginalMethod,
  kXForwardedMethod,
  kXForwardedProto,
  kXForwardedHost,
  kXForwardedUri,
  kOther,
};
inline constexpr std::size_t kKnownHeaderCount = static_cast<std::size_t>(KnownHeader::kOther);

/// One field line: the name as it came, and the value without surrounding blanks.
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
  bool keep_alive = false;  ///< The client lets the connection stay open after this request (RFC 9112 §9.3).
  bool expect_continue = false;  ///< The client holds back its body until it sees 100 (RFC 9110 §10.1.1).
  std::uint64_t content_length = 0;

  std::string_view method_text;
  std::string_view target;  ///< As it came, in any form (RFC 9112 §3.2).
  std::string_view path;    ///< Not decoded. Begins with '/', or is `*`. Empty: Handler::answers_from_head.
  std::string_view query;   ///< Not decoded, without its '?'; also empty if there is none.

  std::size_t header_count = 0;
  std::array<Header, kMaxHeaders> headers;  ///< In order of arrival; stale beyond `header_count`.

  /// Where the lines of a known field are. `first` is valid only if `lines` is not 0.
  struct KnownLines {
    std::uint8_t first = 0;
    std::uint8_t lines = 0;
  };
  std::array<KnownLines, kKnownHeaderCount> known;

  /// How many lines have this field. Not for kOther.
  std::size_t lines(KnownHeader name) const noexcept { return known[static_cast<std::size_t>(name)].lines; }
  bool has(KnownHeader name) const noexcept { return lines(name) != 0; }

  /// The value of the first line with this field; empty if there is none. Not for kOther.
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

/// Searches all fields for `name`, ignoring case. For rare requests.
OtherHeader find_other_header(const RequestHead& head, std::string_view name) noexcept;

}  // namespace latchkey::http
