#include "server/pulse.h"

#include <algorithm>
#include <utility>

#include "latchkey/base/assert.h"

namespace latchkey::server {

class Pulse::Question final : public runtime::Message {
 public:
  Question(Pulse& pulse, Core& core) noexcept : pulse_(pulse), core_(core) {}

  void ask(BootTime now) noexcept {
    if (beat_.is_owed) return;
    beat_.asked = now;
    beat_.is_owed = pulse_.loop_.port().send(core_.port_id(), *this);
  }

  void work(runtime::Port& there) noexcept override {
    found_ = core_.levels();
    there.finish(*this);
  }
  void done() noexcept override {
    beat_.is_owed = false;
    beat_.answered = pulse_.loop_.now();
    beat_.levels = found_;
    pulse_.came_home();
  }

  const Beat& beat() const noexcept { return beat_; }

 private:
  Pulse& pulse_;
  Core& core_;
  CoreLevels found_;  ///< the core's until the message is home
  Beat beat_;
};

Pulse::Pulse(runtime::Loop& loop, ServiceManager& manager, std::chrono::milliseconds watchdog)
    : loop_(loop), manager_(manager), round_(watchdog / 2) {}

Pulse::~Pulse() {
  stop();
  LATCHKEY_ASSERT(!is_owed_any());
}

void Pulse::start(const std::vector<std::unique_ptr<Core>>& cores) {
  for (const std::unique_ptr<Core>& core : cores) {
    questions_.push_back(std::make_unique<Question>(*this, *core));
  }
  is_on_ = true;
  if (round_.count() > 0) begin_round();
}

void Pulse::stop() noexcept {
  is_on_ = false;
  if (std::exchange(is_watched_, false)) loop_.forget(*this);
  release_all();
}

const Pulse::Beat& Pulse::of_core(std::size_t number) const noexcept { return questions_[number]->beat(); }

bool Pulse::is_stuck(std::size_t number) const noexcept {
  const Beat& beat = of_core(number);
  return beat.is_owed && loop_.now() - beat.asked >= kPatience;
}

/// Returns whether anybody owes an answer now.
bool Pulse::ask() noexcept {
  if (!is_on_) return false;
  for (const std::unique_ptr<Question>& question : questions_) question->ask(loop_.now());
  return is_owed_any();
}

bool Pulse::is_owed_any() const noexcept {
  return std::any_of(questions_.begin(), questions_.end(),
                     [](const auto& question) { return question->beat().is_owed; });
}

void Pulse::wait(std::coroutine_handle<> waiter) {
  waiting_.push_back({waiter, loop_.now() + kWait});
  watch_from(waiting_.back().until.ms);
}

void Pulse::came_home() noexcept {
  if (is_owed_any()) return;
  // An answer after the round's end is no proof that the loops turn as they should. The next round may be.
  if (std::exchange(owes_watchdog_, false) && is_on_ && loop_.now() - round_began_ <= round_) {
    manager_.tell("WATCHDOG=1");
  }
  release_all();
}

// Those who go on may ask again, and then wait anew.
void Pulse::release_all() noexcept {
  for (const Waiting& waiting : std::exchange(waiting_, {})) waiting.handle.resume();
}

void Pulse::begin_round() noexcept {
  round_began_ = loop_.now();
  owes_watchdog_ = true;
  ask();
  watch_from((round_began_ + round_).ms);
}

void Pulse::watch_from(std::int64_t when_ms) {
  if (!std::exchange(is_watched_, true)) loop_.watch(*this, when_ms);
}

std::int64_t Pulse::look(BootTime now) noexcept {
  const auto late = std::partition(waiting_.begin(), waiting_.end(),
                                   [now](const Waiting& waiting) { return now < waiting.until; });
  const std::vector<Waiting> to_release(late, waiting_.end());
  waiting_.erase(late, waiting_.end());
  for (const Waiting& waiting : to_release) waiting.handle.resume();

  std::int64_t next_ms = runtime::kNever;
  if (round_.count() > 0) {
    if (now - round_began_ >= round_) begin_round();
    next_ms = (round_began_ + round_).ms;
  }
  for (const Waiting& waiting : waiting_) next_ms = std::min(next_ms, waiting.until.ms);
  if (next_ms == runtime::kNever) {
    is_watched_ = false;
    loop_.forget(*this);
  }
  return next_ms;
}

}  // namespace latchkey::server
