// Rig: one core of a server without sockets, threads and disk. It has a shard of tokens, and runs a check
// from the bytes of a request to the bytes of its answer. Its store accepts everything at once, and its clock
// stands still until moved.
// Thread: the only one of the measuring program that owns it.
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

  /// The binding of the rig's only client with this agent.
  store::BindingHash binding(std::string_view agent) const;

  /// Does a login that passed its password check, as the running server does it.
  token::Token log_in(token::LoginRequest request);
  /// Takes in a recorded session as a start does. The rig chooses its id, key and row.
  token::Token load(store::Session session);

  /// This thread reads replaceable memory from now on. A core does this after its wait.
  void activate() noexcept;
  /// Runs a pass of the core's loop: turns the wheel within the server's budget, and frees what it may.
  void pass();
  /// Asks the registry, as /auth/verify does. Returns the first byte of the user's name, to touch the record
  /// too.
  unsigned look_up(const token::Token& token, const store::BindingHash& binding);
  /// Does what a core does with the requests of a batch before it answers the first.
  void look_ahead(std::span<const std::string> requests) noexcept;
  /// Does what http::Connection does with a request that has arrived whole, and with its answer.
  void check(const std::string& bytes, std::string& output);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// A proxy's request about a token.
std::string verify_request(std::string_view agent, const token::Token& token);

}  // namespace latchkey::bench
