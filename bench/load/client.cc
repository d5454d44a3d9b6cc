#include "load/client.h"

#include <unistd.h>

#include <optional>
#include <utility>

#include "latchkey/net/socket_stream.h"
#include "latchkey/runtime/await.h"
#include "latchkey/runtime/nursery.h"
#include "load/crew.h"

namespace latchkey::load {

using net::StreamEnd;
using runtime::Task;

Client::Client(Crew& crew, std::size_t number)
    : crew_(crew),
      number_(number),
      script_(make_script(crew.plan(), number)),
      requests_(script_ ? crew.plan().pipeline : 0) {}

Task<void> Client::run() {
  bool goes_on = true;
  while (goes_on) {
    answers_ = 0;
    LATCHKEY_AWAIT(const int fd, connect());
    if (!std::exchange(has_settled_, true)) crew_.settled();
    if (fd >= 0) {
      LATCHKEY_AWAIT(serve(fd));
    }
    goes_on = !ending_ && crew_.connects_again();
    if (goes_on && answers_ == 0) {
      co_await crew_.loop().sleep_until(BootTime{crew_.loop().now().ms + kRetryMs});
      goes_on = !ending_;
    }
  }
}

// Returns a connected descriptor, or -1.
Task<int> Client::connect() {
  const std::int64_t since_ns = monotonic_ns();
  const Plan& plan = crew_.plan();
  const int fd = open_socket(plan.target, plan.source_address(plan.source_of(number_)));
  if (fd < 0) {
    crew_.tally().connect_failed(-fd);
    co_return -1;
  }
  Connect connect(crew_.loop(), fd, plan.target, crew_.deadline());
  connecting_ = &connect;
  const int error = co_await connect;
  connecting_ = nullptr;
  if (error == 0 && !ending_) {
    crew_.tally().connected(since_ns, monotonic_ns());
    co_return fd;
  }
  ::close(fd);
  if (!ending_) crew_.tally().connect_failed(error);
  co_return -1;
}

Task<void> Client::serve(int fd) {
  net::SocketStream stream(crew_.loop(), crew_.buffers(), fd);
  reader_.reset();
  end_ = StreamEnd::kNone;
  was_refused_ = false;
  writer_ends_ = false;
  bytes_sent_ = 0;
  stream_ = &stream;
  const std::int64_t opened_ns = monotonic_ns();
  runtime::Nursery writing;
  writing.spawn(write(stream));
  proceed(opened_ns);
  LATCHKEY_AWAIT(read(stream));
  stream_ = nullptr;
  connection_ended(opened_ns);
  // Ends a send that is stuck.
  stream.abort();
  writer_ends_ = true;
  unsent_there_.wake_all(crew_.loop().ready());
  co_await writing.join();
  unsent_.clear();
  sending_.clear();
  LATCHKEY_AWAIT(stream.close());
}

Task<void> Client::read(net::Stream& stream) {
  while (true) {
    set_deadline();
    net::Received received = co_await stream.receive();
    if (received.end != StreamEnd::kNone) {
      if (end_ == StreamEnd::kNone) end_ = received.end;
      co_return;
    }
    const std::span<char> bytes = received.chunk.bytes();
    const bool goes_on = take({bytes.data(), bytes.size()});
    received.chunk.release_unwiped();
    if (!goes_on) co_return;
  }
}

Task<void> Client::write(net::Stream& stream) {
  while (!writer_ends_) {
    if (unsent_.empty()) {
      co_await unsent_there_.wait();
      continue;
    }
    // What is being sent must stay in place; requests issued meanwhile go into the other buffer.
    std::swap(unsent_, sending_);
    const StreamEnd end = co_await stream.send(sending_);
    sending_.clear();
    if (end == StreamEnd::kNone) continue;
    // The reader notices by the end of the stream, and may still find an answer that was on its way.
    if (end == StreamEnd::kTimedOut) end_ = end;
    stream.abort();
    co_return;
  }
}

// False if the connection is to end.
bool Client::take(std::string_view bytes) {
  const std::int64_t now_ns = monotonic_ns();
  while (true) {
    const bool is_awaited = !requests_.empty();
    const UnderWay first = is_awaited ? requests_.front() : UnderWay{};
    const http::ResponseReader::Step step = reader_.next(bytes, first.to_head, first.keep_body);
    if (step == http::ResponseReader::Step::kNeedMore) break;
    if (step == http::ResponseReader::Step::kRefused) {
      was_refused_ = true;
      crew_.tally().refused(reader_.refusal());
      return false;
    }
    // An answer without a request is the server's last word before it closes, as to a slow client.
    if (!is_awaited || !take_answer(now_ns)) return false;
  }
  proceed(now_ns);
  return !crew_.is_draining() || !requests_.empty();
}

bool Client::take_answer(std::int64_t now_ns) {
  const UnderWay request = requests_.pop();
  const http::Answer& answer = reader_.answer();
  crew_.tally().answered(request.kind, request.due_ns, now_ns, answer.status);
  script_->answered(request.kind, answer);
  ++answers_;
  return answer.keep_alive;
}

void Client::proceed(std::int64_t now_ns) {
  if (!script_ || requests_.full()) return;
  if (crew_.is_paced()) {
    while (!crew_.is_slow() && !requests_.full()) {
      const std::optional<std::int64_t> due_ns = crew_.take_due(now_ns);
      if (!due_ns) break;
      issue(*due_ns);
    }
    if (!requests_.full()) crew_.line_up(*this);
  } else if (crew_.is_sending(now_ns)) {
    while (!requests_.full()) issue(now_ns);
  } else if (!crew_.is_draining()) {
    crew_.line_up(*this);
  }
  flush();
}

void Client::release(std::int64_t due_ns) {
  if (crew_.is_slow()) {
    send_next_byte(due_ns);
  } else {
    issue(due_ns);
  }
  if (!requests_.full()) crew_.line_up(*this);
  flush();
}

void Client::issue(std::int64_t due_ns) {
  const NextRequest next = script_->next();
  unsent_.append(next.bytes);
  if (requests_.empty()) set_deadline();
  requests_.push({due_ns, next.kind, next.to_head, next.keep_body});
}

void Client::send_next_byte(std::int64_t due_ns) {
  const NextRequest next = script_->next();
  if (bytes_sent_ == 0) first_byte_ns_ = due_ns;
  unsent_.push_back(next.bytes[bytes_sent_++]);
  if (bytes_sent_ < next.bytes.size()) return;
  bytes_sent_ = 0;
  requests_.push({due_ns, next.kind, next.to_head, next.keep_body});
  set_deadline();
}

void Client::flush() {
  if (!unsent_.empty()) unsent_there_.wake_all(crew_.loop().ready());
}

// A connection on which nothing is awaited may be silent for ever.
void Client::set_deadline() noexcept {
  stream_->set_deadline(requests_.empty() ? BootTime{runtime::kNever} : crew_.deadline());
}

Failure Client::reason() const noexcept {
  if (was_refused_) return Failure::kProtocol;
  if (end_ == StreamEnd::kTimedOut) return Failure::kTimeout;
  return end_ == StreamEnd::kBroken ? Failure::kBroken : Failure::kClosed;
}

void Client::connection_ended(std::int64_t opened_ns) {
  const std::int64_t now_ns = monotonic_ns();
  if (!script_) {
    if (ending_) {
      crew_.tally().held_to_end();
    } else {
      crew_.tally().connection_lost(now_ns - opened_ns);
    }
    return;
  }
  while (!requests_.empty()) {
    const UnderWay request = requests_.pop();
    crew_.tally().failed(request.kind, reason(), request.due_ns, now_ns);
  }
  if (bytes_sent_ > 0 && !ending_) {
    crew_.tally().failed(RequestKind::kCheck, reason(), first_byte_ns_, now_ns);
  }
  script_->disconnected();
}

void Client::drain() {
  if (requests_.empty()) end();
}

void Client::give_up() noexcept {
  end_ = StreamEnd::kTimedOut;
  end();
}

void Client::end() noexcept {
  ending_ = true;
  if (stream_ != nullptr) stream_->abort();
  if (connecting_ != nullptr) connecting_->abort();
}

}  // namespace latchkey::load
