// Connection: HTTP/1.1 on one stream. It parses requests, has them answered in order, and writes the answers
// of pipelined requests together. An idle connection holds neither a receive buffer nor an output.
// Thread: that of the core that accepted it and owns it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/input.h"
#include "latchkey/base/log.h"
#include "latchkey/http/forwarding_watch.h"
#include "latchkey/http/handler.h"
#include "latchkey/http/http_metrics.h"
#include "latchkey/http/request_parser.h"
#include "latchkey/http/response.h"
#include "latchkey/net/stream.h"
#include "latchkey/runtime/loop.h"
#include "latchkey/runtime/task.h"

namespace latchkey::http {

struct ConnectionSettings {
  HeadLimits head;
  std::size_t max_body_bytes = 65536;                ///< C-19
  std::chrono::milliseconds header_timeout{10'000};  ///< from a request's first byte to the end of its head
  std::chrono::milliseconds body_timeout{20'000};    ///< from the end of the head to the end of the body
  std::chrono::milliseconds idle_timeout{75'000};    ///< without a request
  std::chrono::milliseconds write_timeout{20'000};   ///< until the peer has taken what was written
};

/// Buffers for answers being sent. A core's connections share them, so that idle connections have none.
class OutputPool {
 public:
  std::string take();
  void give_back(std::string output) noexcept;

 private:
  std::vector<std::string> free_;
};

/// The peer as a log names it.
std::string text_of_peer(const ConnectionOrigin& origin);

/// Decides about a connection opened with the PROXY protocol, as soon as the header has named its source.
class SourceGate {
 public:
  /// Returning false closes the connection.
  virtual bool admit(const net::IpAddress& source) = 0;

 protected:
  ~SourceGate() = default;
};

/// What all connections of one core share. Its owner may exchange settings, handler and `forwarding` between
/// two passes: a request that waits goes on with those that it began with. Lifetime: outlives them.
struct ConnectionServices {
  runtime::Loop& loop;
  std::reference_wrapper<const ConnectionSettings> settings;
  const ServerLines& lines;
  std::reference_wrapper<Handler> handler;
  Log& log;
  OutputPool outputs{};
  /// The head of the current request. One per core is enough, since it is used only between waits.
  RequestHead head{};
  bool draining = false;                  ///< the server stops: every answer is its connection's last
  BootTime idle_until{};                  ///< draining: until when one that has no request may wait for it
  ForwardingWatch* forwarding = nullptr;  ///< the server's, if it has one
  AccessRing* access = nullptr;           ///< the core's, if there is an access log
  HttpMetrics metrics{};
  /// Keeps settings and handler alive, if they may be exchanged.
  std::shared_ptr<const void> keeps{};
};

class Connection {
 public:
  /// With a `gate`, the stream begins with the PROXY protocol (C-34).
  /// Lifetime: everything passed in outlives the connection.
  Connection(net::Stream& stream, ConnectionServices& services, const ConnectionOrigin& origin,
             SourceGate* gate)
      : stream_(stream), services_(services), origin_(origin), gate_(gate) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Serves until the peer leaves, a rule is broken, a deadline passes or the server drains. Does not close
  /// the stream.
  runtime::Task<void> serve();

  /// Called when the server stops. An idle connection ends at `idle_until`, a busy one after the current
  /// request.
  void drain() noexcept;

 private:
  enum class Step : std::uint8_t { kAnswered, kLastAnswered, kNeedsBytes, kNeedsBody, kNeedsTask };
  struct Request;

  const ConnectionSettings& settings() const noexcept { return services_.settings; }
  Handler& handler() const noexcept { return services_.handler; }

  Step step();
  /// Records where the head ends, for take_request(). A check does not get here.
  Step leave(Step step, std::size_t head_bytes) noexcept;
  void refuse(int status, std::string_view reason, std::string_view allow = {});
  void begin_note(Exchange& exchange, AccessNote& note) noexcept;
  /// Puts the request into the access log, if it is to have a line. `exchange` is null if its head is broken.
  [[gnu::noinline]] void note_access(const AccessNote& note, int status, const Exchange* exchange);
  Step refuse_head(const Refusal& refusal, std::string_view bytes);
  bool takes_head_alone(RequestHead& head) noexcept;
  std::string_view allow_of(const RequestHead& head) noexcept;
  std::string& output();
  ResponseWriter::Context response_context(const RequestHead& head) const noexcept;
  std::unique_ptr<Request> take_request(bool was_asked);

  bool ends_idle(BootTime now) const noexcept;
  BootTime idle_deadline(BootTime now) const noexcept;
  runtime::Task<bool> receive_more();
  runtime::Task<bool> flush();

  // A compiler that inlines a coroutine puts its frame into its caller's. These frames are rarely needed and
  // would then be part of every idle connection.
  [[gnu::noinline]] runtime::Task<bool> receive_body(Request& request);
  [[gnu::noinline]] runtime::Task<bool> answer_slowly(Request& request);
  [[gnu::noinline]] runtime::Task<bool> read_proxy_header();
  [[gnu::noinline]] runtime::Task<void> refuse_and_end(int status, std::string_view reason,
                                                       std::string_view allow = {});
  [[gnu::noinline]] runtime::Task<void> write_last();
  [[gnu::noinline]] runtime::Task<void> linger();

  net::Stream& stream_;
  ConnectionServices& services_;
  ConnectionOrigin origin_;
  SourceGate* const gate_;
  bool idle_ = false;  ///< waiting for the first byte of a request or of the PROXY protocol
  Input input_;
  std::size_t scanned_bytes_ = 0;  ///< unread bytes that are known not to hold a whole head
  std::size_t head_bytes_ = 0;     ///< unread bytes that belong to the head that step() left
  std::string output_;
  std::unique_ptr<ConnectionMemo> memo_;
  BootTime request_began_{};
};

}  // namespace latchkey::http
