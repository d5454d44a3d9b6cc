// The memory of a program under test, as whoever may read /proc/PID/mem finds it: how often a text that must
// not be there stands in it, whole or in pieces. One thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace latchkey::test {

/// A shorter piece of a text is no copy of it.
inline constexpr std::size_t kPieceBytes = 12;

/// A text that is looked for. `mark` stands in it so often that no piece of kPieceBytes is without, and in
/// few other places: memory is searched for the marks alone.
struct Needle {
  std::string text;
  std::string mark;
};

/// Whether this process may read the memory of `pid`, which takes CAP_SYS_PTRACE where that is not dumpable.
bool can_read_memory(pid_t pid);

/// How many places of all that `pid` may write to hold a piece of any of the needles. Throws
/// std::runtime_error where the memory cannot be read.
std::size_t count_copies(pid_t pid, const std::vector<Needle>& needles);

}  // namespace latchkey::test
