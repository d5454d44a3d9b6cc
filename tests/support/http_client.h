// A small blocking HTTP/1.1 client for tests: exactly the bytes that a test wants to send, and answers taken
// apart strictly, so that a server which frames one wrongly is found out. Every wait is bounded. One thread
// each.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace latchkey::test {

using HeaderLines = std::vector<std::pair<std::string, std::string>>;

struct Response {
  int status = 0;
  std::string reason;
  HeaderLines headers;  ///< in the order and the case in which they came
  std::string body;

  /// The value of the first line of that name, in any case.
  std::optional<std::string> header(std::string_view name) const;
  /// The same, empty where there is none.
  std::string value(std::string_view name) const { return header(name).value_or(std::string()); }
  std::size_t lines(std::string_view name) const;
};

/// What the other side did that no test expects: closed, reset, fell silent, framed an answer wrongly.
class ClientError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// It neither took nor said anything for as long as a test waits.
class ClientTimeout : public ClientError {
 public:
  using ClientError::ClientError;
};

class HttpClient {
 public:
  /// Connects to 127.0.0.1, from the local address `source`: on Linux any of 127.0.0.0/8 is this machine's,
  /// so that a test can come from several addresses.
  explicit HttpClient(std::uint16_t port, const std::string& source = "127.0.0.1");
  HttpClient(HttpClient&& other) noexcept;
  HttpClient& operator=(HttpClient&&) = delete;
  ~HttpClient();

  /// Sends these bytes and nothing else. Throws ClientTimeout where the server takes no more of them.
  void send(std::string_view bytes);

  /// Reads one final answer; interim ones (1xx) are passed over. `to_head`: HEAD was asked, so no body
  /// follows.
  Response receive(bool to_head = false);
  /// Reads one answer, interim or final.
  Response receive_any(bool to_head = false);

  /// One request, with Host, and Content-Length where there is a body or the method wants one; and its
  /// answer.
  Response request(std::string_view method, std::string_view target, const HeaderLines& headers = {},
                   std::string_view body = {});

  /// Reads to the end of the stream: true when the server closed it with nothing more to say.
  bool is_closed_by_server();
  /// Reads to the end of the stream: everything that the server still had to say.
  std::string read_to_end();

  /// Whether the server says something, or closes, before this time is over.
  bool has_answer_within(std::chrono::milliseconds time);

  /// Half-closes: the server sees the end of the stream and can still answer.
  void finish_sending();
  /// Closes so that the server sees a reset.
  void reset();

 private:
  bool read_more();
  std::string take_line();
  std::string take_bytes(std::size_t count);

  int socket_ = -1;
  std::string received_;
};

/// The bytes of a request as `HttpClient::request` sends them.
std::string request_bytes(std::string_view method, std::string_view target, const HeaderLines& headers = {},
                          std::string_view body = {});

}  // namespace latchkey::test
