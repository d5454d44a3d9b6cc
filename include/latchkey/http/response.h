// Writes answers one after the other into a connection's output. It adds what every answer carries (C-4), so
// that no resource can forget it.
// Thread: one core's.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "latchkey/base/clock.h"

namespace latchkey::http {

/// The lines that all answers of a core share: `X-API-Node`, which never changes, and `Date`, which changes
/// once per second. Both are ready as one text for an answer in the pass that received the request. Nearly
/// all answers are.
class ServerLines {
 public:
  /// Requires: `node` is visible ASCII (the settings ensure that).
  explicit ServerLines(std::string_view node);

  /// Brings `Date` up to date. Called once per pass.
  void set_time(WallTime now) noexcept;

  std::string_view node_line() const noexcept { return node_line_; }
  std::string_view date() const noexcept { return {date_.data(), date_.size()}; }
  /// What C-4 asks for when no time has passed.
  std::string_view prompt_lines() const noexcept { return prompt_lines_; }

 private:
  std::string node_line_;
  std::string prompt_lines_;
  std::int64_t second_ = -1;
  std::array<char, 29> date_{};
};

/// The phrase of RFC 9110 §15 for a status code of this server.
std::string_view reason_phrase(int status) noexcept;

class ResponseWriter {
 public:
  struct Context {
    const ServerLines& lines;
    BootTime started;            ///< when the request's head was complete
    bool keep_alive;             ///< the connection goes on after this answer
    std::uint8_t minor_version;  ///< of the request; 1.0 clients are told of keep-alive
    bool head_only;              ///< for HEAD: the body's length is written, but not the body
  };

  ResponseWriter(std::string& out, const Context& context) noexcept : out_(out), context_(context) {}

  /// Adds a header to whatever answer follows, unless the answer itself has one of this name. A later preset
  /// of the same name replaces an earlier one.
  /// Requires: called before `status`, for at most kMaxPresets names.
  /// Lifetime: both texts must outlive the answer.
  void preset(std::string_view name, std::string_view value) noexcept;

  /// Must come first. Any number of headers follow, then exactly one of `body` and `no_body`.
  ResponseWriter& status(int code);
  /// Replaces `status(200)` and headers. The pieces make the status line and the headers, up to the last
  /// header's value.
  ResponseWriter& ok_head(std::initializer_list<std::string_view> pieces);
  ResponseWriter& header(std::string_view name, std::string_view value);
  ResponseWriter& header(std::string_view name, std::int64_t value);

  /// `now` is the time of the loop's pass, for `X-API-Time`.
  void body(std::string_view content_type, std::string_view text, BootTime now);
  /// The same for a text in pieces.
  void body(std::string_view content_type, std::span<const std::string_view> pieces, BootTime now);
  void no_body(BootTime now);

  /// For writing another answer to the same request elsewhere first.
  const Context& context() const noexcept { return context_; }

  /// Closes the connection after this answer, whatever the client asked for.
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
