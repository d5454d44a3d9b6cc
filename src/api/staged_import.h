// StagedImport: the users of an import, which come in several requests of one connection, and what became of
// them. It goes with the connection.
// Thread: its connection's.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "latchkey/credential/user_import.h"

namespace latchkey::api {

/// The memory that users of one import may take, about.
inline constexpr std::size_t kMaxStagedBytes = std::size_t{128} << 20;
/// Outcomes in one answer.
inline constexpr std::size_t kOutcomesPerPage = 1000;

struct StagedImport {
  std::vector<credential::ImportedUser> users;
  std::size_t bytes = 0;
  std::vector<credential::ImportedAs> outcomes;  ///< once it is done, one for each user
};

}  // namespace latchkey::api
