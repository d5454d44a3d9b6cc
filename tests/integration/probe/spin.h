// Keeps a thread of a server under test busy: it turns in a circle, in a signal handler of the probe, and
// does no work until the page names another task. A stop signal would stop every thread. Thread: a test's.
#pragma once

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "integration/probe/probe_page.h"
#include "support/control_page.h"
#include "support/rig.h"

namespace latchkey::test {

/// Returns once the server's thread of this name does nothing else.
inline void spin_thread(ControlPage<ProbePage>& page, pid_t server, const std::string& thread) {
  int number = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(server) + "/task")) {
    std::ifstream file(task.path() / "comm");
    std::string name;
    std::getline(file, name);
    if (name == thread) number = std::stoi(task.path().filename());
  }
  ASSERT_NE(number, 0) << thread;
  const std::uint32_t before = page->spinning;
  page->task = ProbeTask::kSpin;
  ASSERT_EQ(::syscall(SYS_tgkill, server, number, probe_signal()), 0);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (page->spinning == before && std::chrono::steady_clock::now() < end) {
  }
  ASSERT_EQ(page->spinning, before + 1);
}

}  // namespace latchkey::test
