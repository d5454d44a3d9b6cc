// The ways out of the sandbox that the probe tries, and the answers that it notes. They run in the server
// under test, in a signal handler, so they use only system calls.
#pragma once

#include <linux/futex.h>
#include <linux/io_uring.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <span>

#include "integration/probe/probe_page.h"

struct io_uring;

namespace latchkey::test {

ProbePage& probe_page() noexcept;
std::span<io_uring* const> rings_of_process() noexcept;

void note(const char* way, int answer) noexcept;
/// Returns an errno, kDone or kCaught.
int answer_to(long (*attempt)()) noexcept;
inline void try_way(const char* way, long (*attempt)()) noexcept { note(way, answer_to(attempt)); }

void try_every_way() noexcept;
void try_every_call() noexcept;

// The parts of try_every_way.
void try_sockets() noexcept;
void try_open_sockets() noexcept;
void try_rings() noexcept;
void try_processes() noexcept;
void try_files() noexcept;

}  // namespace latchkey::test
