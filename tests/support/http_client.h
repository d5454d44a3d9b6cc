// A small blocking HTTP/1.1 client for tests. It sends exactly the bytes that a test wants. It parses answers
// strictly, so that a wrongly framed one is noticed. Every wait is bounded.
// Thread: one per client.
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
  HeaderLines headers;  ///< in the order and case received
  std::string body;

  /// The value of the first line of that name, in any case.
  std::optional<std::string> header(std::string_view name) const;
  /// The same, or empty if there is none.
  std::string value(std::string_view name) const { return header(name).value_or(std::string()); }
  std::size_t lines(std::string_view name) const;
};

/// The other side did something that no test expects: it closed, reset, fell silent or framed an answer
/// wrongly.
class ClientError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The other side neither took nor sent anything for as long as a test waits.
class ClientTimeout : public ClientError {
 public:
  using ClientError::ClientError;
};

/// Where a server listens: at a port of 127.0.0.1, or at a Unix socket.
struct Door {
  Door(std::uint16_t its_port) : port(its_port) {}
  Door(std::string its_path) : path(std::move(its_path)) {}

  std::uint16_t port = 0;
  std::string path;  ///< empty if there is a port
};

class HttpClient {
 public:
  /// Connects to a port from the local address `source`. On Linux all of 127.0.0.0/8 is this machine's, so a
  /// test can come from several addresses.
  explicit HttpClient(const Door& door, const std::string& source = "127.0.0.1");
  HttpClient(HttpClient&& other) noexcept;
  HttpClient& operator=(HttpClient&&) = delete;
  ~HttpClient();

  /// Sends these bytes and nothing else. Throws ClientTimeout if the server stops taking them.
  void send(std::string_view bytes);

  /// Reads one final answer and skips interim ones (1xx). `to_head`: the request was HEAD, so no body
  /// follows.
  Response receive(bool to_head = false);
  /// Reads one answer, interim or final.
  Response receive_any(bool to_head = false);

  /// Sends one request and returns its answer. Adds Host unless `headers` has it, and Content-Length if there
  /// is a body or the method wants one.
  Response request(std::string_view method, std::string_view target, const HeaderLines& headers = {},
                   std::string_view body = {});

  /// Reads to the end of the stream. True if the server closed it without sending anything more.
  bool is_closed_by_server();
  /// Reads to the end of the stream and returns everything that the server still sent.
  std::string read_to_end();

  /// Whether the server sends something or closes within this time.
  bool has_answer_within(std::chrono::milliseconds time);

  /// Whether the server has reset the connection, whatever there is still to read.
  bool was_reset() const;

  /// Half-closes the connection: the server sees the end of the stream and can still answer.
  void finish_sending();
  /// Closes the connection so that the server sees a reset.
  void reset();

 private:
  bool read_more();
  std::string take_line();
  std::string take_bytes(std::size_t count);

  int socket_ = -1;
  std::string received_;
};

/// The bytes of a request, as `HttpClient::request` sends them.
std::string request_bytes(std::string_view method, std::string_view target, const HeaderLines& headers = {},
                          std::string_view body = {});

}  // namespace latchkey::test
