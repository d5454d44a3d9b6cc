// Searches the memory of a program under test through /proc/PID/mem, for copies or pieces of a text that must
// not be there.
// Thread: one.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace latchkey::test {

/// The least piece of a text that counts as a copy.
inline constexpr std::size_t kPieceBytes = 12;

/// A text to look for. Every piece of kPieceBytes contains `mark`, which is rare elsewhere: only the marks
/// are searched for.
struct Needle {
  std::string text;
  std::string mark;
};

/// Whether this process may read the memory of `pid`. If `pid` is not dumpable, that takes CAP_SYS_PTRACE.
bool can_read_memory(pid_t pid);

/// Counts the places in writable memory of `pid` that hold a piece of any of the needles. Throws
/// std::runtime_error if the memory cannot be read.
std::size_t count_copies(pid_t pid, const std::vector<Needle>& needles);

}  // namespace latchkey::test
