#include "fuzz/parser_differences.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "fuzz/property.h"
#include "latchkey/http/characters.h"

namespace latchkey::fuzz {

namespace {

constexpr std::string_view kTransferEncoding = "Transfer-Encoding";

struct Rule {
  std::string_view reason;  ///< of the refusal
  std::string_view why;     ///< for whoever reads this table
};

constexpr std::array kStricter = {
    Rule{"malformed method",
         "one empty line is passed over before a request, http-parser passes over any number"},
    Rule{"CR without LF", "http-parser takes a CR before the request, and one that ends a line"},
    Rule{"a line holds a control character or ends without CR",
         "http-parser takes a bare LF as a line's end"},
    Rule{"malformed target",
         "http-parser takes fragments, bytes beyond ASCII, and HTTP/0.9's line without version"},
    Rule{"malformed version", "http-parser takes blanks before the version, and other protocols' names"},
    Rule{"HTTP version other than 1", "http-parser takes any digit"},
    Rule{"malformed field name", "http-parser takes obs-fold, and an LF alone as the empty line"},
    Rule{"no Host", "http-parser asks for none (RFC 9112 section 3.2 does)"},
    Rule{"more than one Host", "http-parser does not count them"},
    Rule{"malformed Host", "http-parser does not look at it"},
    Rule{"target is neither a path nor an http address", "http-parser takes any scheme"},
    Rule{"target's authority differs from Host", "http-parser does not compare them"},
    Rule{"CONNECT is for proxies", "http-parser reads for proxies as well"},
    Rule{"target '*' without OPTIONS", "http-parser takes it for any method"},
    Rule{"Transfer-Encoding in HTTP/1.0", "http-parser takes chunks from HTTP/1.0"},
    Rule{"both Content-Length and Transfer-Encoding",
         "http-parser takes them where chunked does not come last"},
    Rule{"more than one Transfer-Encoding", "http-parser lets the last one count"},
    Rule{"empty Transfer-Encoding", "http-parser takes it as none"},
    Rule{"Transfer-Encoding is not exactly one chunked",
         "http-parser takes chunked twice, and empty elements"},
    Rule{"Transfer-Encoding does not end in chunked",
         "http-parser takes unknown codings where it needs no body"},
    Rule{"unknown transfer coding", "http-parser hands an encoded body on"},
    Rule{"malformed Content-Length", "http-parser takes an empty one as none"},
    Rule{"a credential header stands twice", "http-parser does not know what a credential is"},
    Rule{"Content-Type stands twice", "http-parser does not decode bodies"},
    Rule{"Expect other than 100-continue", "http-parser leaves it to the server"},
    Rule{"chunked body: a chunk without size", "http-parser takes a byte over 127 for the digit 0"},
    Rule{"chunked body: malformed chunk size", "http-parser takes a bare LF, and bytes over 127 for zeros"},
    Rule{"chunked body: malformed chunk extension", "http-parser skips whatever stands there"},
    Rule{"chunked body: chunk size overflows", "http-parser takes leading zeros without end"},
    Rule{"chunked body: a line or chunk ends without CRLF",
         "http-parser looks neither at what follows a CR nor at the "
         "two bytes behind a chunk"},
    Rule{"malformed trailer field", "http-parser takes obs-fold and bare LF in trailers as in heads"},
    Rule{"request line too long", "http-parser bounds the whole head alone, at 80 kB"},
    Rule{"target too long", "the same"},
    Rule{"header section too long", "the same"},
    Rule{"trailer section too long", "the same"},
    Rule{"too many header fields", "http-parser does not count them"},
    Rule{"the body is too large", "http-parser leaves it to the server"},
    Rule{"chunked body: extensions too long", "http-parser skips them, however many"},
};

bool is_name(std::string_view left, std::string_view right) {
  return left.size() == right.size() && ::strncasecmp(left.data(), right.data(), left.size()) == 0;
}

bool any_field(const http::RequestHead& head, bool (*is_it)(const http::Header& field)) {
  const auto end = head.headers.begin() + static_cast<std::ptrdiff_t>(head.header_count);
  return std::any_of(head.headers.begin(), end, is_it);
}

/// Whether a tab comes between the value and its CR.
bool has_tab_behind(const http::Header& field) {
  const char* behind = field.value.data() + field.value.size();
  while (*behind == ' ') ++behind;
  return *behind == '\t';
}

bool has_tab_behind_framing(const http::Header& field) {
  const bool frames =
      field.known == http::KnownHeader::kContentLength || field.known == http::KnownHeader::kTransferEncoding;
  return frames && has_tab_behind(field);
}

/// http-parser takes the comma behind such an element for a part of it, and so overlooks the next element.
bool is_option_cut_short(std::string_view element) {
  constexpr std::array<std::string_view, 3> kOptions = {"close", "keep-alive", "upgrade"};
  return std::any_of(kOptions.begin(), kOptions.end(), [element](std::string_view option) {
    return element.size() < option.size() && is_name(element, option.substr(0, element.size()));
  });
}

bool confuses_about_connection(const http::Header& field) {
  if (is_name(field.name, "Proxy-Connection")) return true;
  if (field.known != http::KnownHeader::kConnection) return false;
  if (has_tab_behind(field) || field.value.find('\t') != std::string_view::npos) return true;
  std::string_view rest = field.value;
  while (!rest.empty()) {
    std::string_view element = take_until(rest, ',');
    element.remove_prefix(std::min(element.find_first_not_of(' '), element.size()));
    if (element.empty() || !http::is_a(http::kTokenCharacter, element.front())) return true;
    if (!rest.empty() && is_option_cut_short(element)) return true;
  }
  return false;
}

bool begins_with_transfer_encoding(const http::Header& field) {
  return field.name.size() > kTransferEncoding.size() &&
         is_name(field.name.substr(0, kTransferEncoding.size()), kTransferEncoding);
}

}  // namespace

bool is_stricter_on_purpose(std::string_view reason) {
  return std::any_of(kStricter.begin(), kStricter.end(),
                     [reason](const Rule& rule) { return rule.reason == reason; });
}

const char* reason_to_be_laxer(const http::RequestHead& head, std::string_view behind,
                               std::string_view error) {
  const bool is_about_length =
      error == "HPE_INVALID_CONTENT_LENGTH" || error == "HPE_UNEXPECTED_CONTENT_LENGTH";
  const bool is_about_coding = error == "HPE_INVALID_TRANSFER_ENCODING";
  if (error == "HPE_INVALID_METHOD" && !is_method_of_http_parser(head.method_text))
    return "any token is a method (RFC 9110 section 9.1), and one that nobody knows gets 405";
  // The head has no length, so the error can only be about one in the trailers.
  if (is_about_length && head.body == http::BodyFraming::kChunked &&
      !head.has(http::KnownHeader::kContentLength))
    return "trailers are dropped unread (RFC 9112 section 7.1.2), where http-parser reads lengths in them";
  if (error == "HPE_INVALID_CHUNK_SIZE" && head.body == http::BodyFraming::kChunked &&
      behind.find('\t') != std::string_view::npos)
    return "a tab before a chunk's extension is white space (RFC 9112 section 7.1.1), where http-parser "
           "knows blanks only";
  if ((is_about_length || is_about_coding) && any_field(head, has_tab_behind_framing))
    return "a tab behind a value is white space (RFC 9110 section 5.6.3), where http-parser knows blanks "
           "only";
  if ((is_about_length || is_about_coding) && any_field(head, begins_with_transfer_encoding))
    return "another field whose name begins with Transfer-Encoding, which http-parser takes for it";
  return nullptr;
}

bool may_end_otherwise(const http::RequestHead& head) { return any_field(head, confuses_about_connection); }

}  // namespace latchkey::fuzz
