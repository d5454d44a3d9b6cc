#include "load/crew.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "latchkey/base/assert.h"

namespace latchkey::load {

namespace {

constexpr std::array<std::uint8_t, 6> kOperations = {IORING_OP_CONNECT, IORING_OP_RECV,
                                                     IORING_OP_SEND,    IORING_OP_CLOSE,
                                                     IORING_OP_TIMEOUT, IORING_OP_ASYNC_CANCEL};
constexpr unsigned kSubmissionEntries = 1024;
constexpr unsigned kCompletionEntries = 16384;
constexpr unsigned kBuffers = 1024;
constexpr std::size_t kBufferBytes = 8192;

// More at once would overrun a listening server's queue of connections.
constexpr std::size_t kMostConnecting = 128;

// How late a thread notices what no completion reports: that the load begins, or ends.
constexpr std::int64_t kPollMs = 1;
constexpr std::int64_t kLookMs = 20;
// If requests are due closer together than this, a thread wakes no more often for them, and sends together
// what has become due. One wake per request would cost more than the request and make the thread itself the
// bottleneck. A request's latency still counts from when it was due.
constexpr std::int64_t kAlarmGrainNs = 50'000;

std::int64_t thread_cpu_ns() noexcept {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::int64_t{used.tv_sec} * kNsPerSecond + used.tv_nsec;
}

// How many connections have the numbers `thread`, `thread` + threads, and so on.
std::size_t share_of(std::size_t connections, std::size_t threads, std::size_t thread) noexcept {
  return connections / threads + (thread < connections % threads ? 1 : 0);
}

}  // namespace

Result<std::unique_ptr<Crew>> Crew::create(const Plan& plan, std::size_t number, Signals& signals) {
  runtime::RingSettings settings;
  settings.submission_entries = kSubmissionEntries;
  settings.completion_entries = kCompletionEntries;
  settings.operations = kOperations;
  LATCHKEY_TRY(std::unique_ptr<runtime::Ring> ring, runtime::Ring::create(settings));
  LATCHKEY_TRY(std::unique_ptr<runtime::BufferRing> buffers,
               runtime::BufferRing::create(*ring, kBuffers, kBufferBytes));
  return std::unique_ptr<Crew>(new Crew(plan, number, signals, std::move(ring), std::move(buffers)));
}

Crew::Crew(const Plan& plan, std::size_t number, Signals& signals, std::unique_ptr<runtime::Ring> ring,
           std::unique_ptr<runtime::BufferRing> buffers)
    : plan_(plan),
      number_(number),
      signals_(signals),
      tally_(plan.duration_ns, plan.kinds()),
      mailbox_(1, 1),
      rings_{ring->fd()},
      buffers_(std::move(buffers)),
      loop_(std::move(ring), mailbox_.port(0), clock_),
      line_(share_of(plan.connections, plan.threads, number)) {
  const std::size_t clients = share_of(plan.connections, plan.threads, number);
  clients_.reserve(clients);
  for (std::size_t i = 0; i < clients; ++i) {
    clients_.push_back(std::make_unique<Client>(*this, number + i * plan.threads));
  }
  loop_.add_hook(*this);
}

Crew::~Crew() { LATCHKEY_ASSERT(!thread_.joinable()); }

void Crew::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), fmt::format("load-{}", number_).c_str());
}

Result<void> Crew::join() {
  if (thread_.joinable()) thread_.join();
  return enabled_;
}

void Crew::run() noexcept {
  enabled_ = loop_.start(rings_);
  if (enabled_) {
    loop_.run();
    count_unsent();
  }
  signals_.ended.fetch_add(1, std::memory_order_release);
}

std::int64_t Crew::pass(BootTime now) noexcept {
  const std::int64_t now_ns = monotonic_ns();
  const bool stop = signals_.stop.load(std::memory_order_relaxed);
  if (phase_ == Phase::kConnecting) {
    open_more();
    const std::int64_t begin_ns = signals_.begin_ns.load(std::memory_order_acquire);
    if (begin_ns != Signals::kNotYet && now_ns >= begin_ns) {
      begin(begin_ns, now_ns);
    } else if (!stop) {
      return now.ms + kPollMs;
    }
  }
  if (phase_ == Phase::kRunning) note_cpu(now_ns);
  // Before the check for the end: a late look at the clock must not lose what was due before the end.
  hand_out(now_ns);
  if (phase_ != Phase::kDraining && (stop || now_ns >= window_.end_ns)) drain(now_ns);
  if (phase_ == Phase::kDraining && now_ns >= give_up_ns_) give_up();
  return now.ms + kLookMs;
}

void Crew::open_more() {
  while (opened_ < clients_.size() && opened_ - settled_ < kMostConnecting) {
    loop_.nursery().spawn(clients_[opened_++]->run());
  }
  if (settled_ < clients_.size() || told_ready_) return;
  told_ready_ = true;
  signals_.ready.fetch_add(1, std::memory_order_release);
}

void Crew::begin(std::int64_t begin_ns, std::int64_t now_ns) {
  phase_ = Phase::kRunning;
  window_.begin_ns = begin_ns + plan_.warmup_ns;
  window_.end_ns = window_.begin_ns + plan_.duration_ns;
  tally_.place(window_.begin_ns);
  const auto threads = static_cast<double>(plan_.threads);
  const double phase = static_cast<double>(number_) / threads;
  if (is_slow()) {
    const double bytes_per_second =
        static_cast<double>(clients_.size()) /
        (static_cast<double>(plan_.byte_interval_ns) / static_cast<double>(kNsPerSecond));
    schedule_ = Schedule(bytes_per_second, phase, begin_ns, window_.end_ns);
  } else if (plan_.is_open_loop()) {
    schedule_ = Schedule(plan_.rate / threads, phase, begin_ns, window_.end_ns);
  }
  // Clients that waited for the beginning may line up again, for what becomes due.
  for (std::size_t waiting = line_.size(); waiting > 0; --waiting) {
    Client& client = *line_.pop();
    client.in_line = false;
    if (client.is_free()) client.proceed(now_ns);
  }
}

void Crew::line_up(Client& client) noexcept {
  if (client.in_line) return;
  client.in_line = true;
  line_.push(&client);
}

// Gives what is due to the clients in line, the longest waiting first, and has the loop wake for the next.
void Crew::hand_out(std::int64_t now_ns) {
  if (!is_paced() || phase_ == Phase::kConnecting) return;
  while (schedule_.next_ns() <= now_ns) {
    if (line_.empty()) {
      if (!is_slow()) return;
      // If no client is there to send a byte, it is not owed.
      schedule_.take(now_ns);
      continue;
    }
    Client& client = *line_.pop();
    client.in_line = false;
    // A client may have lost its connection while in line. It lines up again with its next one.
    if (client.is_free()) client.release(*schedule_.take(now_ns));
  }
  const std::int64_t next_ns = schedule_.next_ns();
  if (next_ns == Schedule::kNever) return;
  const bool dense = schedule_.interval_ns() < static_cast<double>(kAlarmGrainNs);
  alarm_.set(loop_.ring(), dense ? std::max(next_ns, now_ns + kAlarmGrainNs) : next_ns);
}

BootTime Crew::deadline() const noexcept {
  return BootTime{loop_.now().ms + plan_.timeout_ns / kNsPerMillisecond};
}

void Crew::note_cpu(std::int64_t now_ns) noexcept {
  if (!cpu_at_begin_ns_ && now_ns >= window_.begin_ns) cpu_at_begin_ns_ = thread_cpu_ns();
}

void Crew::drain(std::int64_t now_ns) {
  phase_ = Phase::kDraining;
  if (cpu_at_begin_ns_) tally_.used_cpu(thread_cpu_ns() - *cpu_at_begin_ns_);
  if (now_ns < window_.end_ns) {
    schedule_.cut(now_ns);
    tally_.cut(now_ns);
  }
  give_up_ns_ = now_ns + plan_.timeout_ns;
  loop_.stop();
  for (std::size_t i = 0; i < opened_; ++i) clients_[i]->drain();
}

void Crew::give_up() {
  if (std::exchange(has_given_up_, true)) return;
  for (std::size_t i = 0; i < opened_; ++i) clients_[i]->give_up();
}

// Counts the requests that were due but found no connection until the end.
void Crew::count_unsent() noexcept {
  if (is_slow()) return;
  const std::int64_t now_ns = monotonic_ns();
  while (const std::optional<std::int64_t> due_ns = schedule_.take(now_ns)) {
    tally_.failed(plan_.kinds().front(), Failure::kUnsent, *due_ns, now_ns);
  }
}

}  // namespace latchkey::load
