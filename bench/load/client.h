// Client: one connection of the load, connected again when it ends. A reader and a writer share its stream:
// so a request can leave while another is awaited, and what became ready together leaves in one send. Owned
// by its crew, on the crew's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "latchkey/http/response_reader.h"
#include "latchkey/net/stream.h"
#include "latchkey/runtime/event.h"
#include "latchkey/runtime/task.h"
#include "load/bounded_queue.h"
#include "load/script.h"
#include "load/socket.h"

namespace latchkey::load {

class Crew;

class Client {
 public:
  /// `number`: of all threads' clients. `crew` outlives it.
  Client(Crew& crew, std::size_t number);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Lives until `end`, or until the server ends a connection that is not to be made again.
  runtime::Task<void> run();

  /// Whether it is connected, and a request may be handed to it.
  bool is_free() const noexcept { return stream_ != nullptr && !ending_ && !requests_.full(); }

  /// Sends what may be sent now, and stands in the crew's line for what becomes due later.
  void proceed(std::int64_t now_ns);

  /// Sends the request that was due then; in the slow scenario the next byte of one. Where it `is_free`.
  void release(std::int64_t due_ns);

  /// Nothing more becomes due: ends when what it has sent is answered.
  void drain();

  /// Ends now; what it has sent counts as timed out.
  void give_up() noexcept;

  /// Whether it stands in the crew's line; the crew's own to set.
  bool in_line = false;

 private:
  /// A request that was sent and is not answered.
  struct UnderWay {
    std::int64_t due_ns = 0;
    RequestKind kind = RequestKind::kRequest;
    bool to_head = false;
    bool keep_body = false;
  };

  // How long a client waits that could not connect, or whose connection ended before an answer.
  static constexpr std::int64_t kRetryMs = 100;

  runtime::Task<int> connect();
  runtime::Task<void> serve(int fd);
  runtime::Task<void> read(net::Stream& stream);
  runtime::Task<void> write(net::Stream& stream);
  bool take(std::string_view bytes);
  bool take_answer(std::int64_t now_ns);
  void issue(std::int64_t due_ns);
  void send_next_byte(std::int64_t due_ns);
  void flush();
  void set_deadline() noexcept;
  void connection_ended(std::int64_t opened_ns);
  void end() noexcept;
  Failure reason() const noexcept;

  Crew& crew_;
  const std::size_t number_;
  const std::unique_ptr<Script> script_;
  BoundedQueue<UnderWay> requests_;
  http::ResponseReader reader_;

  net::Stream* stream_ = nullptr;  ///< null while there is no connection
  Connect* connecting_ = nullptr;
  std::string unsent_;
  std::string sending_;
  runtime::Broadcast unsent_there_;
  net::StreamEnd end_ = net::StreamEnd::kNone;
  bool was_refused_ = false;
  bool writer_ends_ = false;
  bool ending_ = false;
  bool has_settled_ = false;
  std::uint64_t answers_ = 0;  ///< on this connection

  // Of the slow scenario: how much of a request has left, and when its first byte was due.
  std::size_t bytes_sent_ = 0;
  std::int64_t first_byte_ns_ = 0;
};

}  // namespace latchkey::load
