// What a token is bound to (C-35): a keyed hash of the client's address and user agent, whichever of the two
// the settings name. 50 ns for an ordinary agent; a connection keeps it and asks again when the bytes differ.
// Not changed after the start; any thread.
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
  /// `keyring` outlives the object.
  Binder(const Keyring& keyring, BindingSettings settings) noexcept
      : keyring_(keyring), settings_(settings) {}

  /// `address` in its 16-byte form, masked by the prefix lengths of the settings. A missing agent is an empty
  /// one.
  store::BindingHash operator()(std::span<const std::uint8_t, 16> address,
                                std::string_view agent) const noexcept;

 private:
  const Keyring& keyring_;
  const BindingSettings settings_;
};

}  // namespace latchkey::token
