#include "latchkey/http/connection.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "http/body_reader.h"
#include "latchkey/base/assert.h"
#include "latchkey/base/secret_buffer.h"
#include "latchkey/http/credentials.h"
#include "latchkey/net/proxy_protocol.h"

namespace latchkey::http {

namespace {

// Answers of pipelined requests are collected up to this size, which bounds one client's backlog.
constexpr std::size_t kEnoughOutputBytes = std::size_t{64} * 1024;
constexpr std::size_t kMaxKeptOutputBytes = std::size_t{128} * 1024;
constexpr std::size_t kMaxKeptOutputs = 256;
constexpr std::size_t kOutputReserveBytes = 1024;

// Before a connection with unread bytes is closed, the peer gets this much time and may send this much.
// Closing at once would make the kernel reset the connection, and the peer could lose the answer (RFC 9112
// §9.6).
constexpr std::chrono::milliseconds kLinger{1000};
constexpr std::size_t kMaxLingerBytes = std::size_t{256} * 1024;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::string_view kJson = "application/json";

/// The bound that a refusal with this status has met, where the status says it.
Bound bound_of(int status) noexcept {
  if (status == 413) return Bound::kBodyLimit;
  return status == 414 || status == 431 ? Bound::kHeadLimit : Bound::kSyntax;
}

/// Of the methods in the order of Method. A name that a client made up is not repeated.
constexpr std::array<std::string_view, 10> kMethodNames = {"GET",    "HEAD",    "POST",  "PUT",     "PATCH",
                                                           "DELETE", "OPTIONS", "TRACE", "CONNECT", "other"};
std::string_view name_of(Method method) noexcept { return kMethodNames[static_cast<std::size_t>(method)]; }

bool announces_body(const RequestHead& head) noexcept {
  return head.body == BodyFraming::kChunked || head.content_length > 0;
}

}  // namespace

std::string text_of_peer(const ConnectionOrigin& origin) {
  return origin.is_unix_peer ? std::string(kUnixPeer) : origin.peer.to_text();
}

std::string OutputPool::take() {
  if (free_.empty()) {
    std::string fresh;
    fresh.reserve(kOutputReserveBytes);
    return fresh;
  }
  std::string output = std::move(free_.back());
  free_.pop_back();
  return output;
}

void OutputPool::give_back(std::string output) noexcept {
  if (output.capacity() > kMaxKeptOutputBytes || free_.size() == kMaxKeptOutputs) return;
  output.clear();
  free_.push_back(std::move(output));
}

/// A request that must wait for its body or its answer. It holds all it needs, so that its connection holds
/// no receive buffer meanwhile.
struct Connection::Request {
  /// Copies the head and points its views into the copy. `was_asked`: the handler has said that it must wait.
  Request(const RequestHead& parsed, std::string_view bytes, const ConnectionServices& services, bool asked)
      : keeps(services.keeps),
        settings(services.settings),
        handler(services.handler),
        head(parsed),
        body_reader(parsed, settings.max_body_bytes),
        was_asked(asked) {
    head_bytes.append(bytes);
    rebase(head, bytes, head_bytes.view());
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  /// Called once nobody reads the request and before its answer leaves. After the answer no password is left
  /// here.
  void wipe() noexcept {
    head_bytes.clear();
    body.clear();
  }

  const std::shared_ptr<const void> keeps;
  const ConnectionSettings& settings;
  Handler& handler;
  SecretBuffer head_bytes;
  RequestHead head;
  SecretBuffer body;
  BodyReader body_reader;
  const bool was_asked;
};

runtime::Task<void> Connection::serve() {
  bool open = true;
  if (gate_ != nullptr) {
    open = co_await read_proxy_header();
    if (open) open = gate_->admit(origin_.peer);
  }
  if (open) memo_ = handler().opened(origin_);
  request_began_ = services_.loop.now();
  while (open) {
    const Step next = step();
    if (next != Step::kAnswered && !input_.unread().empty()) services_.loop.scrub_stack_after_pass();
    switch (next) {
      case Step::kAnswered:
        if (output_.size() >= kEnoughOutputBytes) open = co_await flush();
        break;
      case Step::kLastAnswered:
        input_.discard();
        co_await write_last();
        open = false;
        break;
      case Step::kNeedsBytes:
        open = co_await flush();
        if (open) open = co_await receive_more();
        break;
      case Step::kNeedsBody:
      case Step::kNeedsTask: {
        // Earlier answers need not wait for this one.
        const std::unique_ptr<Request> request = take_request(next == Step::kNeedsTask);
        open = co_await flush();
        if (open && next == Step::kNeedsBody) open = co_await receive_body(*request);
        if (open) open = co_await answer_slowly(*request);
        break;
      }
    }
  }
}

// Takes the next request from the input, as far as possible without waiting.
Connection::Step Connection::step() {
  const std::string_view bytes = input_.unread();
  if (bytes.empty()) return Step::kNeedsBytes;
  RequestHead& head = services_.head;
  const ParseResult parsed = parse_request_head(bytes, scanned_bytes_, settings().head, head);
  if (parsed.status == ParseResult::Status::kIncomplete) {
    scanned_bytes_ = bytes.size();
    return Step::kNeedsBytes;
  }
  scanned_bytes_ = 0;
  if (parsed.status == ParseResult::Status::kRefused) {
    if (!parsed.refusal.is_readable || !takes_head_alone(head)) return refuse_head(parsed.refusal, bytes);
  } else if (announces_body(head)) {
    takes_head_alone(head);
  }

  std::string_view body;
  std::size_t request_bytes = parsed.head_bytes;
  if (head.body == BodyFraming::kSized) {
    if (head.content_length > settings().max_body_bytes) {
      refuse(413, "the body is too large", allow_of(head));
      return Step::kLastAnswered;
    }
    const auto length = static_cast<std::size_t>(head.content_length);
    if (bytes.size() - parsed.head_bytes < length) return leave(Step::kNeedsBody, parsed.head_bytes);
    body = bytes.substr(parsed.head_bytes, length);
    request_bytes += length;
  } else if (head.body == BodyFraming::kChunked) {
    return leave(Step::kNeedsBody, parsed.head_bytes);
  }

  ResponseWriter response(output(), response_context(head));
  Exchange exchange{head, body, origin_.peer, memo_.get(), response, origin_.is_unix_peer, origin_.asks};
  if (services_.access != nullptr) [[unlikely]]
    begin_note(exchange, services_.access->note);
  if (!handler().answer_now(exchange)) {
    LATCHKEY_ASSERT(response.status_code() == 0);
    return leave(Step::kNeedsTask, parsed.head_bytes);
  }
  LATCHKEY_ASSERT(response.finished());
  services_.metrics.count_answer(exchange.resource, response.status_code());
  if (exchange.note != nullptr) [[unlikely]]
    note_access(*exchange.note, response.status_code(), &exchange);
  if (body.empty() && !may_hold_password(head)) {
    input_.consume_unwiped(request_bytes);
  } else {
    input_.consume(request_bytes);
    services_.loop.scrub_stack_after_pass();
  }
  request_began_ = services_.loop.now();
  return response.keep_alive() ? Step::kAnswered : Step::kLastAnswered;
}

Connection::Step Connection::refuse_head(const Refusal& refusal, std::string_view bytes) {
  if (gate_ == nullptr && services_.forwarding != nullptr && net::begins_as_proxy_header(bytes)) {
    services_.forwarding->proxy_header_came(origin_.peer, services_.loop.now());
  }
  refuse(refusal.http_status, refusal.reason, allow_of(services_.head));
  return Step::kLastAnswered;
}

/// Whether the handler answers this request from its head. If so, the request has no body from here on.
bool Connection::takes_head_alone(RequestHead& head) noexcept {
  if (!handler().answers_from_head(head, origin_.asks)) return false;
  // The bytes of the body would be read as the next request.
  if (announces_body(head)) head.keep_alive = false;
  head.body = BodyFraming::kNone;
  head.content_length = 0;
  head.expect_continue = false;
  return true;
}

/// Where everything is a question, no resource has methods of its own.
std::string_view Connection::allow_of(const RequestHead& head) noexcept {
  if (head.path.empty() || origin_.asks != ProxyFamily::kNone) return {};
  return handler().allow(head);
}

Connection::Step Connection::leave(Step step, std::size_t head_bytes) noexcept {
  head_bytes_ = head_bytes;
  return step;
}

ResponseWriter::Context Connection::response_context(const RequestHead& head) const noexcept {
  return {services_.lines, services_.loop.now(), head.keep_alive && !services_.draining, head.minor_version,
          head.method == Method::kHead};
}

std::string& Connection::output() {
  if (output_.capacity() < kOutputReserveBytes) output_ = services_.outputs.take();
  return output_;
}

// Refuses a request that breaks HTTP itself. It is answered by C-4 and C-5 like any other, and is the last.
void Connection::refuse(int status, std::string_view reason, std::string_view allow) {
  services_.metrics.count_answer(0, status);
  // Of the deadlines, whoever waited for them knows which it was.
  if (status != 408) services_.metrics.bounds[bound_of(status)].add();
  LimitedEvent(services_.log, LogLevel::kInfo, "http.refused")
      .field("peer", text_of_peer(origin_))
      .field("status", status)
      .field("reason", reason);
  const ResponseWriter::Context context{services_.lines, services_.loop.now(), false, 1, false};
  ResponseWriter response(output(), context);
  const AccessNote note{.output_bytes = output_.size()};
  std::string detail = "{\"detail\":\"";
  detail.append(reason).append("\"}");
  // It may have been about credentials: nobody may store it, and no browser may take it for a page.
  response.status(status).header("Cache-Control", "no-store").header("X-Content-Type-Options", "nosniff");
  if (!allow.empty()) response.header("Allow", allow);
  response.body(kJson, detail, services_.loop.now());
  // Of what is broken as HTTP nothing is read.
  if (services_.access != nullptr) note_access(note, status, nullptr);
}

void Connection::begin_note(Exchange& exchange, AccessNote& note) noexcept {
  note = {};
  note.output_bytes = output_.size();
  exchange.note = &note;
}

void Connection::note_access(const AccessNote& note, int status, const Exchange* exchange) {
  const BootTime now = services_.loop.now();
  AccessRecord* const record = services_.access->next(status, now);
  if (record == nullptr) return;
  record->time = services_.loop.wall_now();
  record->user_id = note.user_id;
  record->method = exchange == nullptr ? std::string_view() : name_of(exchange->head.method);
  record->result = note.result;
  record->is_unix_peer = origin_.is_unix_peer;
  record->peer = origin_.peer;
  record->client = exchange == nullptr ? std::nullopt : handler().client_of(*exchange);
  record->duration_ms = static_cast<std::uint32_t>((now - request_began_).count());
  record->bytes = static_cast<std::uint32_t>(output_.size() - note.output_bytes);
  record->status = static_cast<std::uint16_t>(status);
  record->resource = static_cast<std::uint8_t>(exchange == nullptr ? 0 : exchange->resource);
  const std::string_view agent =
      exchange == nullptr ? std::string_view() : exchange->head.value(KnownHeader::kUserAgent);
  record->agent_bytes = static_cast<std::uint16_t>(std::min<std::size_t>(agent.size(), UINT16_MAX));
  agent.copy(record->agent.data(), record->agent.size());
  services_.access->put();
}

// Moves the current request, whose head `step` has parsed, out of the input. The part of a chunked body that
// has arrived stays there and is decoded in place.
std::unique_ptr<Connection::Request> Connection::take_request(bool was_asked) {
  const RequestHead& head = services_.head;
  auto request =
      std::make_unique<Request>(head, input_.unread().substr(0, head_bytes_), services_, was_asked);
  input_.consume(head_bytes_);
  if (request->head.body == BodyFraming::kSized) request->body_reader.take(input_, request->body);
  input_.detach();
  return request;
}

runtime::Task<bool> Connection::receive_body(Request& request) {
  const BootTime deadline = services_.loop.now() + request.settings.body_timeout;
  if (request.head.expect_continue && input_.unread().empty() && request.body.empty()) {
    stream_.set_deadline(deadline);
    const net::StreamEnd end = co_await stream_.send(kContinue);
    if (end != net::StreamEnd::kNone) co_return false;
  }
  while (true) {
    const BodyReader::Status status = request.body_reader.take(input_, request.body);
    if (status == BodyReader::Status::kDone) co_return true;
    if (status == BodyReader::Status::kRefused) {
      const Refusal& refusal = request.body_reader.refusal();
      request.body.clear();
      co_await refuse_and_end(refusal.http_status, refusal.reason, allow_of(request.head));
      co_return false;
    }
    stream_.set_deadline(deadline);
    net::Received received = co_await stream_.receive();
    if (received.end == net::StreamEnd::kTimedOut) {
      services_.metrics.bounds[Bound::kBodyTimeout].add();
      request.body.clear();
      co_await refuse_and_end(408, "the body did not arrive in time", allow_of(request.head));
    }
    if (received.end != net::StreamEnd::kNone) co_return false;
    input_.add(std::move(received.chunk));
    services_.loop.scrub_stack_after_pass();
  }
}

runtime::Task<bool> Connection::answer_slowly(Request& request) {
  bool keep_alive = false;
  {
    ResponseWriter response(output(), response_context(request.head));
    Exchange exchange{request.head, request.body.view(),  origin_.peer, memo_.get(),
                      response,     origin_.is_unix_peer, origin_.asks};
    AccessNote note;
    if (services_.access != nullptr) begin_note(exchange, note);
    const bool answered = !request.was_asked && request.handler.answer_now(exchange);
    if (!answered) co_await request.handler.answer(exchange);
    LATCHKEY_ASSERT(response.finished());
    services_.metrics.count_answer(exchange.resource, response.status_code());
    if (exchange.note != nullptr) note_access(*exchange.note, response.status_code(), &exchange);
    keep_alive = response.keep_alive();
  }
  request.wipe();
  services_.loop.scrub_stack_after_pass();
  request_began_ = services_.loop.now();
  if (!keep_alive) co_await write_last();
  co_return keep_alive;
}

runtime::Task<bool> Connection::receive_more() {
  const bool between_requests = input_.unread().empty();
  const BootTime now = services_.loop.now();
  if (between_requests && ends_idle(now)) co_return false;
  stream_.set_deadline(between_requests ? idle_deadline(now) : request_began_ + settings().header_timeout);
  // A peer that sends slowly holds memory of its own, not one of the core's receive buffers.
  input_.detach();
  idle_ = between_requests;
  net::Received received = co_await stream_.receive();
  idle_ = false;
  if (received.end == net::StreamEnd::kNone) {
    if (between_requests) request_began_ = services_.loop.now();
    input_.add(std::move(received.chunk));
    co_return true;
  }
  if (received.end == net::StreamEnd::kTimedOut) {
    services_.metrics.bounds[between_requests ? Bound::kIdleTimeout : Bound::kHeaderTimeout].add();
  }
  if (received.end == net::StreamEnd::kTimedOut && !between_requests) {
    co_await refuse_and_end(408, "the head of the request did not arrive in time");
  }
  co_return false;
}

runtime::Task<bool> Connection::flush() {
  if (output_.empty()) co_return true;
  stream_.set_deadline(services_.loop.now() + settings().write_timeout);
  const net::StreamEnd end = co_await stream_.send(output_);
  services_.outputs.give_back(std::exchange(output_, std::string()));
  if (end == net::StreamEnd::kTimedOut) services_.metrics.bounds[Bound::kWriteTimeout].add();
  co_return end == net::StreamEnd::kNone;
}

runtime::Task<void> Connection::refuse_and_end(int status, std::string_view reason, std::string_view allow) {
  refuse(status, reason, allow);
  input_.discard();
  co_await write_last();
}

runtime::Task<void> Connection::write_last() {
  const bool sent = co_await flush();
  if (sent) co_await linger();
}

runtime::Task<void> Connection::linger() {
  stream_.shutdown_send();
  const BootTime deadline = services_.loop.now() + kLinger;
  std::size_t bytes = 0;
  while (bytes < kMaxLingerBytes) {
    stream_.set_deadline(deadline);
    const net::Received received = co_await stream_.receive();
    if (received.end != net::StreamEnd::kNone) co_return;
    bytes += received.chunk.bytes().size();
  }
}

runtime::Task<bool> Connection::read_proxy_header() {
  const BootTime deadline = services_.loop.now() + settings().header_timeout;
  while (true) {
    const net::ProxyHeader header = net::parse_proxy_header(input_.unread());
    if (header.status == net::ProxyHeader::Status::kComplete) {
      if (header.source) origin_.peer = header.source->address;
      input_.consume(header.consumed);
      co_return true;
    }
    if (header.status == net::ProxyHeader::Status::kRefused) {
      services_.metrics.bounds[Bound::kProxyProtocol].add();
      LimitedEvent(services_.log, LogLevel::kWarning, "proxy_protocol.refused")
          .field("peer", text_of_peer(origin_))
          .field("reason", header.reason);
      co_return false;
    }
    input_.detach();
    idle_ = input_.unread().empty();
    if (idle_ && ends_idle(services_.loop.now())) co_return false;
    stream_.set_deadline(idle_ && services_.draining ? std::min(deadline, services_.idle_until) : deadline);
    net::Received received = co_await stream_.receive();
    idle_ = false;
    if (received.end == net::StreamEnd::kTimedOut) services_.metrics.bounds[Bound::kHeaderTimeout].add();
    if (received.end != net::StreamEnd::kNone) co_return false;
    input_.add(std::move(received.chunk));
  }
}

bool Connection::ends_idle(BootTime now) const noexcept {
  return services_.draining && now >= services_.idle_until;
}

BootTime Connection::idle_deadline(BootTime now) const noexcept {
  const BootTime by_setting = now + settings().idle_timeout;
  return services_.draining ? std::min(by_setting, services_.idle_until) : by_setting;
}

void Connection::drain() noexcept {
  if (!idle_) return;
  const BootTime now = services_.loop.now();
  if (ends_idle(now)) return stream_.abort();
  stream_.set_deadline(idle_deadline(now));
}

}  // namespace latchkey::http
