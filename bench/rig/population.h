// The sessions that the benchmarks of scale fill a table or a database with: the same for a number, so that
// whoever knows the key can make any token again without keeping it.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <numeric>

#include "latchkey/base/clock.h"
#include "latchkey/store/session.h"
#include "latchkey/token/format.h"
#include "latchkey/token/keyring.h"

namespace latchkey::bench {

class Population {
 public:
  /// `keyring` outlives the object.
  Population(const token::Keyring& keyring, std::uint64_t tokens_a_user)
      : keyring_(keyring), tokens_a_user_(tokens_a_user) {}

  std::int64_t user_of(std::uint64_t number) const {
    return static_cast<std::int64_t>(number / tokens_a_user_) + 1;
  }
  static std::string name_of(std::int64_t user_id) { return fmt::format("user{:07}", user_id); }

  /// Session `number`, from 0, in row `number` + 1. Tokens of one user have a binding each.
  store::Session session(std::uint64_t number, WallTime last_used) const {
    store::Session session;
    session.row = static_cast<store::RowId>(number) + 1;
    session.id = id_of(number);
    session.user_id = user_of(number);
    session.user_name = name_of(session.user_id);
    session.binding = binding_of(number);
    session.key_number = keyring_.signing_number();
    session.created = last_used;
    session.last_used = last_used;
    return session;
  }
  token::Token token(std::uint64_t number) const {
    return {keyring_.tag_of(user_of(number)), keyring_.sign(keyring_.signing_number(), id_of(number))};
  }
  store::BindingHash binding_of(std::uint64_t number) const {
    store::BindingHash binding{};
    const std::uint64_t of_user = number % tokens_a_user_ + 1;
    std::memcpy(binding.data(), &of_user, sizeof of_user);
    return binding;
  }

 private:
  static store::SessionId id_of(std::uint64_t number) {
    store::SessionId id{};
    std::memcpy(id.data(), &number, sizeof number);
    return id;
  }

  const token::Keyring& keyring_;
  const std::uint64_t tokens_a_user_;
};

/// A key that is no secret.
inline token::KeyFile known_key_file() {
  token::KeyFile file;
  std::iota(file.root.bytes().begin(), file.root.bytes().end(), std::uint8_t{0});
  return file;
}

}  // namespace latchkey::bench
