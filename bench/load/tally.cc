#include "load/tally.h"

#include <algorithm>
#include <numeric>

#include "load/units.h"

namespace latchkey::load {

namespace {

// Only one thread writes, so the bus need not lock.
template <class T>
void add(std::atomic<T>& figure, T amount) noexcept {
  figure.store(figure.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

}  // namespace

std::string_view name_of(RequestKind kind) noexcept {
  constexpr std::array<std::string_view, kRequestKinds> kNames = {"request", "check", "login", "deletion",
                                                                  "connect"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view name_of(Failure failure) noexcept {
  constexpr std::array<std::string_view, kFailures> kNames = {"connect", "closed",   "reset",
                                                              "timeout", "protocol", "unsent"};
  return kNames[static_cast<std::size_t>(failure)];
}

Tally::Tally(std::int64_t duration_ns, std::span<const RequestKind> kinds) : duration_ns_(duration_ns) {
  // At most kMostStretches, each of a round length: 50 ms, 100 ms, 200 ms and so on.
  while (duration_ns > stretch_ns_ * static_cast<std::int64_t>(kMostStretches)) stretch_ns_ *= 2;
  stretches_.resize(static_cast<std::size_t>((duration_ns + stretch_ns_ - 1) / stretch_ns_));
  if (kinds.size() == 1) {
    only_kind_ = kinds.front();
    return;
  }
  for (const RequestKind kind : kinds)
    by_kind_[static_cast<std::size_t>(kind)] = std::make_unique<Histogram>();
}

void Tally::place(std::int64_t begin_ns) noexcept { window_ = {begin_ns, begin_ns + duration_ns_}; }

void Tally::cut(std::int64_t end_ns) noexcept {
  window_.end_ns = std::clamp(end_ns, window_.begin_ns, window_.end_ns);
  const std::int64_t length_ns = window_.end_ns - window_.begin_ns;
  stretches_.resize(static_cast<std::size_t>((length_ns + stretch_ns_ - 1) / stretch_ns_));
}

Stretch* Tally::stretch_at(std::int64_t now_ns) noexcept {
  if (!window_.contains(now_ns)) return nullptr;
  return &stretches_[static_cast<std::size_t>((now_ns - window_.begin_ns) / stretch_ns_)];
}

void Tally::count_latency(RequestKind kind, std::int64_t due_ns, std::int64_t now_ns) noexcept {
  latencies_.record(now_ns - due_ns);
  Histogram* const histogram = by_kind_[static_cast<std::size_t>(kind)].get();
  if (histogram != nullptr) histogram->record(now_ns - due_ns);
}

void Tally::answered(RequestKind kind, std::int64_t due_ns, std::int64_t now_ns, int status) noexcept {
  const bool is_error = status >= kFirstErrorStatus;
  add(live_->answers, std::uint64_t{1});
  add(live_->latency_sum_ns, now_ns - due_ns);
  if (is_error) add(live_->errors, std::uint64_t{1});
  if (Stretch* const stretch = stretch_at(now_ns); stretch != nullptr) {
    ++answers_;
    ++stretch->answers;
    stretch->errors += is_error ? 1 : 0;
    stretch->max_latency_ns = std::max(stretch->max_latency_ns, now_ns - due_ns);
  }
  if (!window_.contains(due_ns)) return;
  ++statuses_[static_cast<std::size_t>(status)];
  count_latency(kind, due_ns, now_ns);
}

void Tally::failed(RequestKind kind, Failure failure, std::int64_t due_ns, std::int64_t now_ns) noexcept {
  add(live_->errors, std::uint64_t{1});
  if (Stretch* const stretch = stretch_at(now_ns); stretch != nullptr) ++stretch->errors;
  if (!window_.contains(due_ns)) return;
  ++failures_[static_cast<std::size_t>(failure)];
  count_latency(kind, due_ns, now_ns);
}

void Tally::connect_failed(int error) noexcept {
  add(live_->errors, std::uint64_t{1});
  ++failures_[static_cast<std::size_t>(Failure::kConnect)];
  connect_error_ = error;
}

void Tally::connected(std::int64_t since_ns, std::int64_t now_ns) noexcept {
  add(live_->connected, std::uint64_t{1});
  ++held_.opened;
  if (only_kind_ == RequestKind::kConnect) latencies_.record(now_ns - since_ns);
}

void Tally::connection_lost(std::int64_t held_ns) noexcept {
  ++held_.lost;
  held_.shortest_lost_ns = held_.lost == 1 ? held_ns : std::min(held_.shortest_lost_ns, held_ns);
}

void Tally::merge(const Tally& other) {
  answers_ += other.answers_;
  latencies_.merge(other.latencies_);
  for (std::size_t kind = 0; kind < kRequestKinds; ++kind) {
    if (by_kind_[kind]) by_kind_[kind]->merge(*other.by_kind_[kind]);
  }
  for (std::size_t i = 0; i < kFailures; ++i) failures_[i] += other.failures_[i];
  for (std::size_t i = 0; i < kStatuses; ++i) statuses_[i] += other.statuses_[i];
  const std::size_t stretches = std::min(stretches_.size(), other.stretches_.size());
  for (std::size_t i = 0; i < stretches; ++i) {
    stretches_[i].answers += other.stretches_[i].answers;
    stretches_[i].errors += other.stretches_[i].errors;
    stretches_[i].max_latency_ns = std::max(stretches_[i].max_latency_ns, other.stretches_[i].max_latency_ns);
  }
  if (other.held_.lost > 0) {
    held_.shortest_lost_ns = held_.lost == 0 ? other.held_.shortest_lost_ns
                                             : std::min(held_.shortest_lost_ns, other.held_.shortest_lost_ns);
  }
  held_.opened += other.held_.opened;
  held_.lost += other.held_.lost;
  held_.open_at_end += other.held_.open_at_end;
  if (other.connect_error_ != 0) connect_error_ = other.connect_error_;
  if (!other.refusal_.empty()) refusal_ = other.refusal_;
  cpu_ns_.insert(cpu_ns_.end(), other.cpu_ns_.begin(), other.cpu_ns_.end());
}

double Tally::seconds() const noexcept {
  return static_cast<double>(window_.end_ns - window_.begin_ns) / static_cast<double>(kNsPerSecond);
}

double Tally::answers_per_second() const noexcept {
  return seconds() > 0 ? static_cast<double>(answers_) / seconds() : 0;
}

std::uint64_t Tally::errors() const noexcept {
  const std::uint64_t failed = std::accumulate(failures_.begin(), failures_.end(), std::uint64_t{0});
  return std::accumulate(statuses_.begin() + kFirstErrorStatus, statuses_.end(), failed);
}

const Histogram* Tally::latencies_of(RequestKind kind) const noexcept {
  const Histogram* const histogram =
      only_kind_ == kind ? &latencies_ : by_kind_[static_cast<std::size_t>(kind)].get();
  return histogram != nullptr && histogram->count() > 0 ? histogram : nullptr;
}

}  // namespace latchkey::load
