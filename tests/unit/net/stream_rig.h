// Streams and their peers on one loop, over UNIX sockets and over TCP.
// Thread: one.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "latchkey/net/socket_stream.h"
#include "support/loop_rig.h"
#include "support/peer.h"

namespace latchkey::net {

using runtime::Task;
using test::LoopRig;
using test::Peer;

inline constexpr std::int64_t kFarAway = runtime::kNever;

/// A stream and its peer. It keeps the results of waits for the test to examine.
struct Line {
  Line(LoopRig& rig, std::pair<int, Peer> ends, int message_flags = 0)
      : fd(ends.first),
        peer(std::move(ends.second)),
        stream(std::make_unique<SocketStream>(rig.loop(), rig.buffers(), ends.first, message_flags)) {}

  const int fd;  ///< the stream's
  Peer peer;
  std::unique_ptr<SocketStream> stream;
  std::vector<runtime::Chunk> chunks;  ///< received and held
  std::string text;
  std::optional<StreamEnd> receive_end;
  std::optional<StreamEnd> send_end;
  bool closed = false;
};

/// Receives until the stream ends; holds the buffers while `hold` says so.
inline Task<void> receive_all(Line& line, const bool& hold) {
  while (true) {
    Received received = co_await line.stream->receive();
    if (received.end != StreamEnd::kNone) {
      line.receive_end = received.end;
      co_return;
    }
    line.text.append(received.chunk.bytes().data(), received.chunk.bytes().size());
    if (hold) line.chunks.push_back(std::move(received.chunk));
  }
}

inline Task<void> receive_once(Line& line) {
  const Received received = co_await line.stream->receive();
  line.receive_end = received.end;
  line.text.append(received.chunk.bytes().data(), received.chunk.bytes().size());
}

inline Task<void> send_all(Line& line, const std::string& bytes) {
  line.send_end = co_await line.stream->send(bytes);
}

inline Task<void> close_stream(Line& line) {
  auto closing = line.stream->close();
  co_await closing;
  line.stream.reset();
  line.closed = true;
}

/// For tests that run over a UNIX pair and over TCP.
class StreamTest : public ::testing::TestWithParam<bool> {
 protected:
  explicit StreamTest(const LoopRig::Settings& settings = {}) : rig_(settings) {}
  /// Ends everything that waits, and closes.
  ~StreamTest() override {
    for (const auto& line : lines_) {
      line->chunks.clear();
      if (line->stream) line->stream->abort();
    }
    EXPECT_TRUE(rig_.until([this] { return rig_.running() == 0; }));
    for (const auto& line : lines_) {
      if (line->stream) rig_.spawn(close_stream(*line));
      EXPECT_TRUE(
          rig_.until([&line] { return line->peer.fd() < 0 || (line->closed && line->peer.saw_end()); }));
    }
    EXPECT_TRUE(rig_.until([this] { return rig_.running() == 0; }));
  }

  Line& make_line(int message_flags = 0) {
    lines_.push_back(
        std::make_unique<Line>(rig_, GetParam() ? test::tcp_pair() : test::unix_pair(), message_flags));
    return *lines_.back();
  }

  LoopRig rig_;
  std::vector<std::unique_ptr<Line>> lines_;
  bool hold_ = false;
};

/// Text whose period is not a power of two, so that a misplaced buffer is noticed.
inline std::string pattern(std::size_t bytes) {
  constexpr std::size_t kPeriodBytes = 10'007;
  std::string text;
  text.reserve(bytes + kPeriodBytes);
  for (std::size_t i = 0; i < std::min(bytes, kPeriodBytes); ++i) {
    text.push_back(static_cast<char>('a' + (i * 7 + i / 100) % 26));
  }
  while (text.size() < bytes) text.append(text, 0, kPeriodBytes);
  text.resize(bytes);
  return text;
}

inline std::string kind(const ::testing::TestParamInfo<bool>& info) { return info.param ? "Tcp" : "Unix"; }

}  // namespace latchkey::net
