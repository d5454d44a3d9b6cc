// How the name that somebody typed into a login stands in the log. Where a user has it, as it is. Else it may
// be anything, a password in the wrong field too: then a keyed hash stands for it, by which equal names can
// be counted and nothing can be read. One object a core thread, used by that thread only; all have one key.
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
  /// Drawn at each start and kept nowhere: what a log says under it cannot be tried out once the process has
  /// ended.
  using Key = std::array<std::uint8_t, 16>;

  explicit NamesInLog(const Key& key = {}) noexcept : key_(key) {}

  /// A user has this name. The latest such names are remembered, so that a name is told without asking the
  /// store.
  void found(std::string_view name) noexcept;

  /// The last field of `event`: `user=NAME` where a user was found by it lately, else `unknown_user=` and
  /// eight hexadecimal digits. Takes the same steps for both.
  void put(LogEvent& event, std::string_view name) const;

 private:
  static constexpr std::size_t kRememberedNames = 1024;

  std::uint64_t hash_of(std::string_view name) const noexcept;

  const Key key_;
  std::array<std::uint64_t, kRememberedNames> found_{};  ///< hashes, each where its lowest bits say
};

}  // namespace latchkey::credential
