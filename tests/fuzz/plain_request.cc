#include "fuzz/plain_request.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace latchkey::fuzz {

namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kBlanks = " \t";

bool is_of(std::string_view text, const std::string& characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

std::string letters_and_digits() { return std::string(kLetters) + std::string(kDigits); }

// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && is_of(text, letters_and_digits() + "!#$%&'*+-.^_`|~");
}

// RFC 9110 section 5.5.
bool is_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 32 && byte != '\t') || byte == 127;
  });
}

// Visible ASCII without a fragment.
bool is_target(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 32 && c < 127 && c != '#'; });
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return result;
}

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(kBlanks) - first + 1));
}

std::vector<std::string> split(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + separator.size());
  }
}

std::vector<std::string> values_of(const PlainRequest& request, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& [its_name, value] : request.fields) {
    if (lower(its_name) == name) values.push_back(value);
  }
  return values;
}

bool is_host(const std::string& host) {
  if (host.empty()) return true;
  std::string port;
  std::string name = host;
  if (host.front() == '[') {
    const std::size_t bracket = host.find(']');
    if (bracket == std::string::npos) return false;
    in6_addr address{};
    if (::inet_pton(AF_INET6, host.substr(1, bracket - 1).c_str(), &address) != 1) return false;
    if (host.find('\0') != std::string::npos) return false;
    port = host.substr(bracket + 1);
  } else {
    const std::size_t colon = std::min(host.find(':'), host.size());
    name = host.substr(0, colon);
    port = host.substr(colon);
    if (name.empty() || !is_of(name, letters_and_digits() + "-._~!$&'()*+;=")) return false;
  }
  return port.empty() ||
         (port.front() == ':' && port.size() <= 6 && is_of(port.substr(1), std::string(kDigits)));
}

bool read_request_line(const std::string& line, const PlainLimits& limits, PlainRequest& request) {
  const std::vector<std::string> words = split(line, " ");
  if (words.size() != 3 || !is_token(words[0]) || !is_target(words[1])) return false;
  if (words[1].size() > limits.max_target_bytes) return false;
  const std::string& version = words[2];
  if (version.size() != 8 || !version.starts_with("HTTP/1.") ||
      !is_of(version.substr(7), std::string(kDigits)))
    return false;
  request.method = words[0];
  request.target = words[1];
  request.minor_version = version[7] == '0' ? 0 : 1;
  const std::size_t question = std::min(request.target.find('?'), request.target.size());
  request.path = request.target.substr(0, question);
  request.query = request.target.substr(std::min(question + 1, request.target.size()));
  return true;
}

bool read_field_line(const std::string& line, PlainRequest& request) {
  const std::size_t colon = line.find(':');
  if (colon == std::string::npos || !is_token(line.substr(0, colon)) || !is_value(line)) return false;
  request.fields.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
  return true;
}

bool keeps_rules_of_host_and_target(PlainRequest& request) {
  const std::vector<std::string> hosts = values_of(request, "host");
  if (hosts.size() > 1 || (hosts.empty() && request.minor_version > 0)) return false;
  const std::string host = hosts.empty() ? std::string() : hosts[0];
  if (!is_host(host)) return false;
  if (request.method == "CONNECT") {
    request.is_question_alone = true;
    if (request.path.starts_with('/')) return true;
    request.path.clear();
    return is_host(request.target);
  }
  if (request.path.starts_with('/')) return true;
  if (request.target == "*") {
    request.is_question_alone = request.method != "OPTIONS";
    if (request.is_question_alone) request.path.clear();
    return true;
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!lower(request.path).starts_with(scheme)) continue;
    const std::string rest = request.path.substr(scheme.size());
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string authority = rest.substr(0, slash);
    request.path = slash == rest.size() ? "/" : rest.substr(slash);
    request.is_question_alone = lower(authority) != lower(host);
    if (request.is_question_alone) request.path.clear();
    return !authority.empty() && is_host(authority);
  }
  return false;
}

bool keeps_rules_of_framing(PlainRequest& request) {
  const std::vector<std::string> codings = values_of(request, "transfer-encoding");
  const std::vector<std::string> lengths = values_of(request, "content-length");
  if (codings.size() + lengths.size() > 1) return false;
  if (codings.size() == 1) {
    request.body = PlainRequest::Body::kChunked;
    return request.minor_version > 0 && lower(codings[0]) == "chunked";
  }
  if (lengths.size() == 1) {
    const std::string& digits = lengths[0];
    request.body = PlainRequest::Body::kSized;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), request.content_length);
    return error == std::errc{} && end == digits.data() + digits.size() &&
           is_of(digits, std::string(kDigits));
  }
  return true;
}

bool stands_once(const PlainRequest& request) {
  for (const char* name : {"authorization", "x-auth-token", "content-type"}) {
    if (values_of(request, name).size() > 1) return false;
  }
  return true;
}

void read_persistence(PlainRequest& request) {
  bool closes = false;
  bool keeps = request.minor_version > 0;
  for (const std::string& value : values_of(request, "connection")) {
    for (const std::string& option : split(value, ",")) {
      closes = closes || lower(trimmed(option)) == "close";
      keeps = keeps || lower(trimmed(option)) == "keep-alive";
    }
  }
  request.keep_alive = keeps && !closes && request.method != "CONNECT";
}

bool keeps_rules_of_expectation(PlainRequest& request) {
  const std::vector<std::string> values = values_of(request, "expect");
  if (values.empty() || request.minor_version == 0) return true;
  const bool is_known = values.size() == 1 && lower(values[0]) == "100-continue";
  request.expect_continue = is_known && request.body != PlainRequest::Body::kNone;
  return is_known;
}

/// chunk-ext of RFC 9112 section 7.1.1, from its first white space or semicolon on.
bool is_extensions(std::string_view text) {
  const auto skip_blanks = [&text] {
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  };
  const auto take_token = [&text] {
    const std::size_t end =
        std::min(text.find_first_not_of(letters_and_digits() + "!#$%&'*+-.^_`|~"), text.size());
    text.remove_prefix(end);
    return end > 0;
  };
  const auto take_quoted = [&text] {
    for (std::size_t at = 1; at < text.size(); ++at) {
      if (text[at] == '"') {
        text.remove_prefix(at + 1);
        return true;
      }
      if (text[at] == '\\') ++at;
    }
    return false;
  };
  while (!text.empty()) {
    skip_blanks();
    if (!text.starts_with(';')) return false;
    text.remove_prefix(1);
    skip_blanks();
    if (!take_token()) return false;
    std::string_view behind_name = text;
    skip_blanks();
    if (!text.starts_with('=')) {
      text = behind_name;
      // White space is allowed before `;` and `=`, never at the end.
      if (!text.empty() && is_of(text, std::string(kBlanks))) return false;
      continue;
    }
    text.remove_prefix(1);
    skip_blanks();
    if (!(text.starts_with('"') ? take_quoted() : take_token())) return false;
  }
  return true;
}

/// Cuts the next line off `text`; nothing if there is no line end.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find(kLineEnd);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + kLineEnd.size());
  return line;
}

/// The number at the front of a chunk's line; nothing if there is none, or if something wrong follows it.
std::optional<std::uint64_t> chunk_size(std::string_view line) {
  constexpr std::size_t kMostDigits = 16;
  const std::size_t digits = std::min(line.find_first_not_of("0123456789abcdefABCDEF"), line.size());
  if (digits == 0 || digits > kMostDigits) return std::nullopt;
  std::uint64_t size = 0;
  std::from_chars(line.data(), line.data() + digits, size, 16);
  const std::string_view extensions = line.substr(digits);
  if (!is_value(extensions) || !is_extensions(extensions)) return std::nullopt;
  return size;
}

}  // namespace

std::optional<PlainRequest> read_plainly(std::string_view bytes, const PlainLimits& limits,
                                         bool as_question) {
  const std::size_t start = bytes.starts_with(kLineEnd) ? kLineEnd.size() : 0;
  const std::size_t end = bytes.find("\r\n\r\n", start);
  if (end == std::string_view::npos) return std::nullopt;
  PlainRequest request;
  request.head_bytes = end + 4;
  if (request.head_bytes > limits.max_head_bytes) return std::nullopt;
  const std::vector<std::string> lines = split(bytes.substr(start, end - start), kLineEnd);
  if (!read_request_line(lines[0], limits, request)) return std::nullopt;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (i > limits.max_headers || !read_field_line(lines[i], request)) return std::nullopt;
  }
  if (!keeps_rules_of_host_and_target(request) || !keeps_rules_of_framing(request)) return std::nullopt;
  if (!stands_once(request)) request.is_question_alone = true;
  if (!keeps_rules_of_expectation(request)) request.is_question_alone = true;
  if (request.is_question_alone && !as_question) return std::nullopt;
  read_persistence(request);
  return request;
}

std::optional<PlainChunks> read_chunks_plainly(std::string_view bytes, std::size_t max_body_bytes) {
  PlainChunks chunks;
  std::string_view rest = bytes;
  while (true) {
    const std::optional<std::string_view> line = take_line(rest);
    const std::optional<std::uint64_t> size = line ? chunk_size(*line) : std::nullopt;
    if (!size) return std::nullopt;
    if (*size == 0) break;
    if (*size > max_body_bytes - chunks.body.size()) return std::nullopt;
    const auto length = static_cast<std::size_t>(*size);
    if (rest.size() < length + kLineEnd.size() || rest.substr(length, kLineEnd.size()) != kLineEnd)
      return std::nullopt;
    chunks.body += rest.substr(0, length);
    rest.remove_prefix(length + kLineEnd.size());
  }
  while (true) {
    const std::optional<std::string_view> line = take_line(rest);
    if (!line) return std::nullopt;
    if (line->empty()) break;
    const std::size_t colon = line->find(':');
    if (colon == std::string_view::npos || !is_token(line->substr(0, colon)) || !is_value(*line))
      return std::nullopt;
  }
  chunks.bytes = bytes.size() - rest.size();
  return chunks;
}

}  // namespace latchkey::fuzz
