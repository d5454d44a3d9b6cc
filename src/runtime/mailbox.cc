#include "latchkey/runtime/mailbox.h"

namespace latchkey::runtime {

Mailbox::Mailbox(std::size_t ports, std::size_t capacity) {
  ways_.reserve(ports * ports);
  for (std::size_t i = 0; i < ports * ports; ++i) ways_.push_back(std::make_unique<Way>(capacity));
  ports_.reserve(ports);
  for (PortId id = 0; id < ports; ++id) ports_.push_back(std::make_unique<Port>(*this, id));
}

bool Port::send(PortId to, Message& message) noexcept {
  Mailbox::Way& way = mailbox_.way(id_, to);
  if (way.unfinished == way.requests.capacity()) {
    refused_.add();
    return false;
  }
  ++way.unfinished;
  message.set_origin(id_);
  const bool pushed = way.requests.push(&message);
  LATCHKEY_ASSERT(pushed);
  wake(to);
  return true;
}

std::size_t Port::unfinished(PortId to) const noexcept { return mailbox_.way(id_, to).unfinished; }

void Port::finish(Message& message) noexcept {
  const PortId home = message.origin();
  const bool pushed = mailbox_.way(id_, home).replies.push(&message);
  LATCHKEY_ASSERT(pushed);
  wake(home);
}

void Port::wake(PortId to) noexcept {
  Mailbox::Way& way = mailbox_.way(id_, to);
  // Pairs with the exchange in drain: either the other side sees the pushed message, or this side sees
  // `false`.
  if (way.woken.exchange(true, std::memory_order_acq_rel)) return;
  LATCHKEY_ASSERT(doorbell_ != nullptr);
  doorbell_->wake(to);
}

void Port::wake_failed(PortId to) noexcept {
  mailbox_.way(id_, to).owes_wake = true;
  owes_wakes_ = true;
}

void Port::wake_again() noexcept {
  if (!std::exchange(owes_wakes_, false)) return;
  for (PortId to = 0; to < mailbox_.size(); ++to) {
    if (std::exchange(mailbox_.way(id_, to).owes_wake, false)) doorbell_->wake(to);
  }
}

std::size_t Port::drain() noexcept {
  std::size_t ran = 0;
  for (PortId from = 0; from < mailbox_.size(); ++from) {
    Mailbox::Way& way = mailbox_.way(from, id_);
    if (!way.woken.exchange(false, std::memory_order_acq_rel)) continue;
    // Messages beyond the capacity were pushed after the exchange: their sender saw `false` and rings anew.
    const std::size_t bound = way.requests.capacity();
    Message* message = nullptr;
    for (std::size_t i = 0; i < bound && way.replies.pop(message); ++i, ++ran) {
      --mailbox_.way(id_, from).unfinished;
      message->done();
    }
    for (std::size_t i = 0; i < bound && way.requests.pop(message); ++i, ++ran) message->work(*this);
  }
  return ran;
}

}  // namespace latchkey::runtime
