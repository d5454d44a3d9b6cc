// Rig: one core of a server but for its sockets, its threads and its disk: a shard of tokens, and the way of
// a check from the bytes of a request to the bytes of its answer. Its store takes everything at once, and its
// clock stands still until it is told. Owned by a measuring program, on its one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "latchkey/base/clock.h"
#include "latchkey/base/result.h"
#include "latchkey/runtime/page_source.h"
#include "latchkey/token/shard.h"
#include "rig/give_up.h"

namespace latchkey::bench {

struct RigSettings {
  std::size_t max_tokens = 1'000'000;
  std::size_t max_tombstones = 1'000'000;
  std::int64_t timeout_ms = 1'800'000;
  runtime::PageSource::Mode pages = runtime::PageSource::Mode::kInPlace;
};

class Rig {
 public:
  explicit Rig(const RigSettings& settings);
  ~Rig();
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  ManualClock& clock() noexcept;
  token::TableTime now() const noexcept;
  token::Shard& shard() noexcept;

  /// What binds a token to the rig's one client with this agent.
  store::BindingHash binding(std::string_view agent) const;

  /// A login that passed its password check, as the running server does it.
  token::Token log_in(token::LoginRequest request);
  /// A recorded session taken in, as a start does it; its id, its key and its row are the rig's to choose.
  token::Token load(store::Session session);

  /// From here on this thread reads what others might replace: what a core does after its wait.
  void activate() noexcept;
  /// A pass of the core's loop: turns the wheel within the budget that the server gives it, frees what it
  /// may.
  void pass();
  /// Asks the registry, as /auth/verify does. The user's first byte, so that his record is touched too.
  unsigned look_up(const token::Token& token, const store::BindingHash& binding);
  /// What a core does with the requests of a batch before it answers the first of them.
  void look_ahead(std::span<const std::string> requests) noexcept;
  /// What http::Connection does with a request that has arrived whole, and with its answer.
  void check(const std::string& bytes, std::string& output);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// The request that a proxy sends for a token.
std::string verify_request(std::string_view agent, const token::Token& token);

}  // namespace latchkey::bench
