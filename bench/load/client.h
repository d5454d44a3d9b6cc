// Client: one connection of the load, connected again when it ends. A reader and a writer share its stream,
// so a request can leave while another waits for its answer. Requests that are ready together leave together.
// Thread: its crew's.
// Lifetime: its crew owns it.
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
  /// `number` is unique among all threads' clients.
  /// Lifetime: `crew` must outlive it.
  Client(Crew& crew, std::size_t number);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Runs until `end`, or until the server ends a connection that is not to be made again.
  runtime::Task<void> run();

  /// Whether it is connected and can take a request.
  bool is_free() const noexcept { return stream_ != nullptr && !ending_ && !requests_.full(); }

  /// Sends what may be sent now, and joins the crew's line for what becomes due later.
  void proceed(std::int64_t now_ns);

  /// Sends the request that was due at `due_ns`; in the slow scenario the next byte of one.
  /// Requires: it `is_free`.
  void release(std::int64_t due_ns);

  /// Nothing more becomes due. Ends once everything that it has sent is answered.
  void drain();

  /// Ends now; requests without an answer are counted as timed out.
  void give_up() noexcept;

  /// Whether it is in the crew's line. Only the crew sets it.
  bool in_line = false;

 private:
  /// A request that was sent but not answered yet.
  struct UnderWay {
    std::int64_t due_ns = 0;
    RequestKind kind = RequestKind::kRequest;
    bool to_head = false;
    bool keep_body = false;
  };

  // How long a client waits if it could not connect, or if its connection ended before any answer.
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

  // For the slow scenario: how much of a request has been sent, and when its first byte was due.
  std::size_t bytes_sent_ = 0;
  std::int64_t first_byte_ns_ = 0;
};

}  // namespace latchkey::load
