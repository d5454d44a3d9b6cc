// HashesToStore: brings the hashes of an import into the form that is stored. Those that are fast to guess
// are wrapped in Argon2id, on all processors at a lower priority.
// Thread: the command's; the work has threads of its own.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/base/result.h"
#include "latchkey/credential/foreign_hash.h"

namespace latchkey::command {

class HashesToStore {
 public:
  /// A dry run makes one wrapped hash of each kind, whose time can be measured, in the place of all.
  explicit HashesToStore(bool dry_run) : dry_run_(dry_run) {}

  /// Reads a hash as another program spelled it. `make` replaces it.
  /// Returns the name of its scheme if it is fast to guess, or else an empty text.
  /// Errors: those of ForeignHash::read.
  Result<std::string_view> add(std::string& hash);

  /// Replaces each hash by the one to store.
  /// Errors: kUnavailable if there is no memory.
  Result<void> make();

 private:
  struct Place {
    std::string* hash;
    credential::ForeignHash read;
  };

  const bool dry_run_;
  std::vector<Place> places_;
};

}  // namespace latchkey::command
