// NamesInLog: how a name that somebody typed into a login appears in the log. If a user has it, it appears as
// it is. Otherwise it may be anything, even a password in the wrong field. Then a keyed hash replaces it, by
// which equal names can be counted and nothing can be read.
// Thread: one object per core thread, used by that thread only; all have the same key.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "latchkey/base/log.h"

namespace latchkey::credential {

class NamesInLog {
 public:
  /// Drawn at each start and kept nowhere. Hashes in a log can no longer be tried out once the process has
  /// ended.
  using Key = std::array<std::uint8_t, 16>;

  explicit NamesInLog(const Key& key = {}) noexcept : key_(key) {}

  /// Notes that a user has this name. The latest such names are remembered, so that a name is recognized
  /// without asking the store.
  void found(std::string_view name) noexcept;

  /// Puts the last field of `event`: `user=NAME` if a user of this name was found lately, else
  /// `unknown_user=` and eight hexadecimal digits. Takes the same steps for both.
  void put(LogEvent& event, std::string_view name) const;

 private:
  static constexpr std::size_t kRememberedNames = 1024;

  std::uint64_t hash_of(std::string_view name) const noexcept;

  const Key key_;
  std::array<std::uint64_t, kRememberedNames> found_{};  ///< hashes, each placed by its lowest bits
};

}  // namespace latchkey::credential
