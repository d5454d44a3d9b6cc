// Writes answers, one behind the other, into a connection's output. What every answer carries (C-4) is added
// here, so that no resource can forget it. One core thread; the writer lives as long as one exchange.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "latchkey/base/clock.h"

namespace latchkey::http {

/// The lines that all answers of a core share: `X-API-Node` never changes, `Date` once a second. They stand
/// ready together for an answer given in the pass that the request came in, as nearly all are.
class ServerLines {
 public:
  /// `node` is visible ASCII (the settings see to that).
  explicit ServerLines(std::string_view node);

  /// Brings `Date` up to date; called once a pass.
  void set_time(WallTime now) noexcept;

  std::string_view node_line() const noexcept { return node_line_; }
  std::string_view date() const noexcept { return {date_.data(), date_.size()}; }
  /// What C-4 asks for where no time has passed.
  std::string_view prompt_lines() const noexcept { return prompt_lines_; }

 private:
  std::string node_line_;
  std::string prompt_lines_;
  std::int64_t second_ = -1;
  std::array<char, 29> date_{};
};

/// The phrase of RFC 9110 §15 for a status code that this server uses.
std::string_view reason_phrase(int status) noexcept;

class ResponseWriter {
 public:
  struct Context {
    const ServerLines& lines;
    BootTime started;            ///< when the request's head was complete
    bool keep_alive;             ///< the connection goes on after this answer
    std::uint8_t minor_version;  ///< of the request: 1.0 clients are told of keep-alive
    bool head_only;              ///< HEAD: the body's length is said, the body is not sent
  };

  ResponseWriter(std::string& out, const Context& context) noexcept : out_(out), context_(context) {}

  /// A header that stands on the answer whatever it will be, unless the answer has one of this name; before
  /// `status`, kMaxPresets at most. A later preset of the same name takes its place. Both outlive the answer.
  void preset(std::string_view name, std::string_view value) noexcept;

  /// First. Then any number of headers, then exactly one of `body` and `no_body`.
  ResponseWriter& status(int code);
  /// In place of `status(200)` and of headers: `lines` has the status line and those headers, each with its
  /// CRLF, but for the last header's value.
  ResponseWriter& ok_head(std::string_view lines, std::string_view last_value);
  ResponseWriter& header(std::string_view name, std::string_view value);
  ResponseWriter& header(std::string_view name, std::int64_t value);

  /// `now`: the time of the loop's pass, for `X-API-Time`.
  void body(std::string_view content_type, std::string_view text, BootTime now);
  /// The same, of a text in pieces.
  void body(std::string_view content_type, std::span<const std::string_view> pieces, BootTime now);
  void no_body(BootTime now);

  /// For another answer to the same request, written elsewhere first.
  const Context& context() const noexcept { return context_; }

  /// The connection is closed after this answer, whatever the client asked for.
  void close_after() noexcept { context_.keep_alive = false; }
  bool keep_alive() const noexcept { return context_.keep_alive; }
  bool finished() const noexcept { return finished_; }
  int status_code() const noexcept { return status_; }

 private:
  static constexpr std::size_t kMaxPresets = 3;
  struct Preset {
    std::string_view name;
    std::string_view value;
  };

  void write_header(std::string_view name, std::string_view value);
  void common_headers(BootTime now);
  void status_line(int code);

  std::string& out_;
  Context context_;
  std::array<Preset, kMaxPresets> presets_{};
  std::size_t preset_count_ = 0;
  int status_ = 0;
  bool finished_ = false;
};

}  // namespace latchkey::http
