// Report: where the simulation is, and how it ends when a promise is broken: with the seed and the step that
// replay it. There is one per process, because an assertion and a signal must be able to report it too.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>

namespace latchkey::sim {

class Report {
 public:
  /// Reports the seed and the step when an assertion of the server ends the process.
  static void watch_for_assertions();
  static void begin_world(std::uint64_t seed) noexcept;
  static void begin_step(std::uint64_t step) noexcept;

  static void set_tracing(bool tracing) noexcept;
  static bool tracing() noexcept { return tracing_; }

  /// Prints a line about what happens, if tracing is on.
  template <class... Args>
  static void trace(fmt::format_string<Args...> format, Args&&... args) {
    if (tracing_) write_trace(fmt::format(format, std::forward<Args>(args)...));
  }

  /// Ends the process because a promise is broken.
  template <class... Args>
  [[noreturn]] static void broken(fmt::format_string<Args...> format, Args&&... args) {
    end(fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  static void write_trace(const std::string& line);
  [[noreturn]] static void end(const std::string& text);

  static bool tracing_;
};

}  // namespace latchkey::sim
