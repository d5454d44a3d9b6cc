// Report: where the simulation stands, and how it ends when a promise is broken: with the seed and the step
// that play it again. One for the process, because an assertion and a signal must be able to tell it too.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>

namespace latchkey::sim {

class Report {
 public:
  /// Has the seed and the step told when an assertion of the server ends the process.
  static void watch_for_assertions();
  static void begin_world(std::uint64_t seed) noexcept;
  static void begin_step(std::uint64_t step) noexcept;

  static void set_tracing(bool tracing) noexcept;
  static bool tracing() noexcept { return tracing_; }

  /// A line of what happens, where it was asked for.
  template <class... Args>
  static void trace(fmt::format_string<Args...> format, Args&&... args) {
    if (tracing_) write_trace(fmt::format(format, std::forward<Args>(args)...));
  }

  /// Ends the process: a promise is broken.
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
