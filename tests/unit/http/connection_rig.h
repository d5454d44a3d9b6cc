// A connection with everything around it: a loop on a real ring, a socket, a handler that does what the
// request's path says, and a peer controlled by the test.
// Thread: one.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "latchkey/http/connection.h"
#include "latchkey/net/socket_stream.h"
#include "latchkey/runtime/event.h"
#include "support/base_doubles.h"
#include "support/loop_rig.h"
#include "support/peer.h"
#include "support/runtime_doubles.h"

namespace latchkey::http {

/// Answers `/head` from the head alone, and all where everything is a question; `/now...` at once, `/slow...`
/// when the test releases it, `/empty` with 204, `/last` as the last of its connection, `/big` with
/// kBigBytes. The body repeats the request: `POST /now hello`.
class ScriptedHandler final : public Handler {
 public:
  static constexpr std::size_t kBigBytes = std::size_t{2} * 1024 * 1024;

  explicit ScriptedHandler(runtime::Loop& loop) : loop_(loop) {}

  std::unique_ptr<ConnectionMemo> opened(const ConnectionOrigin& origin) override {
    peers.push_back(origin.peer.to_text());
    return std::make_unique<Memo>(open_memos);
  }

  bool answer_now(Exchange& exchange) override {
    ++asked_now;
    if (exchange.head.path.starts_with("/slow")) return false;
    answer_it(exchange);
    return true;
  }

  runtime::Task<void> answer(Exchange& exchange) override {
    ++slow_waiting;
    co_await release.wait();
    --slow_waiting;
    answer_it(exchange);
  }

  bool answers_from_head(const RequestHead& head, ProxyFamily asks) noexcept override {
    return asks != ProxyFamily::kNone || head.path == "/head";
  }

  int asked_now = 0;
  int slow_waiting = 0;
  int open_memos = 0;
  runtime::Broadcast release;
  std::vector<std::string> peers;
  std::string answering_peer;  ///< the peer of the last exchange
  bool answering_unix_peer = false;
  ProxyFamily answering_family = ProxyFamily::kNone;

 private:
  class Memo final : public ConnectionMemo {
   public:
    explicit Memo(int& count) : count_(count) { ++count_; }
    ~Memo() override { --count_; }

   private:
    int& count_;
  };

  void answer_it(Exchange& exchange) {
    EXPECT_NE(exchange.memo, nullptr);
    answering_peer = exchange.peer.to_text();
    answering_unix_peer = exchange.is_unix_peer;
    answering_family = exchange.asks;
    const std::string_view path = exchange.head.path;
    if (path == "/empty") {
      exchange.response.status(204).no_body(loop_.now());
      return;
    }
    if (path == "/last") exchange.response.close_after();
    std::string text;
    text.append(exchange.head.method_text).append(" ").append(path).append(" ").append(exchange.body);
    if (path == "/big") text.assign(kBigBytes, 'x');
    exchange.response.status(200).body("text/plain", text, loop_.now());
  }

  runtime::Loop& loop_;
};

/// Admits everyone while open. Remembers who asked.
class ScriptedGate final : public SourceGate {
 public:
  bool admit(const net::IpAddress& source) override {
    sources.push_back(source.to_text());
    return is_open;
  }

  bool is_open = true;
  std::vector<std::string> sources;
};

/// An answer, as a client reads it.
struct Answer {
  std::string head;
  std::string body;
  int status() const { return std::stoi(head.substr(9, 3)); }
  bool has(std::string_view line) const { return head.find(std::string(line) + "\r\n") != std::string::npos; }
};

/// Takes whole answers off the front of `bytes`. An incomplete one stays.
inline std::vector<Answer> take_answers(std::string& bytes) {
  std::vector<Answer> answers;
  while (true) {
    const std::size_t end = bytes.find("\r\n\r\n");
    if (end == std::string::npos) return answers;
    Answer answer{bytes.substr(0, end + 4), ""};
    const std::size_t length_at = answer.head.find("Content-Length: ");
    const std::size_t length =
        length_at == std::string::npos ? 0 : std::stoul(answer.head.substr(length_at + 16));
    if (bytes.size() < end + 4 + length) return answers;
    answer.body = bytes.substr(end + 4, length);
    bytes.erase(0, end + 4 + length);
    answers.push_back(std::move(answer));
  }
}

class ConnectionTest : public ::testing::Test {
 protected:
  using Ends = std::pair<int, test::Peer>;

  struct Client {
    Client(ConnectionTest& rig, Ends ends, bool proxied, const ConnectionOrigin& origin)
        : peer(std::move(ends.second)),
          stream(rig.rig_.loop(), rig.rig_.buffers(), ends.first),
          connection(
              std::make_unique<Connection>(stream, rig.services_, origin, proxied ? &rig.gate_ : nullptr)) {}

    /// The next whole answer that has arrived.
    std::optional<Answer> next() {
      unparsed += peer.take();
      for (Answer& answer : take_answers(unparsed)) answers.push_back(std::move(answer));
      if (answers.empty()) return std::nullopt;
      Answer first = std::move(answers.front());
      answers.erase(answers.begin());
      return first;
    }

    test::Peer peer;
    net::SocketStream stream;
    std::unique_ptr<Connection> connection;
    std::string unparsed;
    std::vector<Answer> answers;
    bool served = false;  ///< the connection has ended; its stream lingers or closes
    bool closed = false;
  };

  explicit ConnectionTest(const test::LoopRig::Settings& buffers = {}) : rig_(buffers) {
    settings_.max_body_bytes = 1000;
  }

  ~ConnectionTest() override {
    for (const auto& client : clients_) client->stream.abort();
    EXPECT_TRUE(rig_.until([this] {
      test::wake_now(handler_.release);
      return rig_.running() == 0;
    }));
    EXPECT_EQ(handler_.open_memos, 0);
  }

  Client& connect(Ends ends, bool proxied = false) {
    clients_.push_back(std::make_unique<Client>(*this, std::move(ends), proxied, origin_));
    rig_.spawn(serve(*clients_.back()));
    return *clients_.back();
  }
  Client& connect() { return connect(test::unix_pair()); }
  Client& connect_proxied() { return connect(test::unix_pair(), true); }

  static runtime::Task<void> serve(Client& client) {
    {
      auto serving = client.connection->serve();
      co_await serving;
    }
    client.served = true;
    client.connection.reset();
    auto closing = client.stream.close();
    co_await closing;
    client.closed = true;
  }

  /// The next answer, or one with status 000 and no body if none comes.
  Answer answer_of(Client& client) {
    std::optional<Answer> answer;
    const bool came = rig_.until([&] {
      if (!answer) answer = client.next();
      return answer.has_value() || client.closed;
    });
    EXPECT_TRUE(came);
    if (!answer) answer = client.next();
    return answer.value_or(Answer{"HTTP/1.1 000 none", ""});
  }

  /// The answer's body, for the many tests that check nothing else.
  std::string body_of_answer(Client& client) { return answer_of(client).body; }

  bool ends(Client& client) {
    return rig_.until([&client] { return client.closed; });
  }

  /// Moves the clock in steps no longer than the loop's stride, like a running server's.
  void pass_time_ms(std::int64_t ms) {
    constexpr std::int64_t kStepMs = 100;
    for (std::int64_t gone = 0; gone < ms; gone += kStepMs) rig_.advance_ms(kStepMs);
  }

  test::LoopRig rig_;
  ConnectionOrigin origin_{net::IpAddress::from_v4(192, 0, 2, 7)};
  ConnectionSettings settings_;
  ServerLines lines_{"node-1"};
  ScriptedHandler handler_{rig_.loop()};
  ScriptedGate gate_;
  test::KeptLog log_;
  ConnectionServices services_{rig_.loop(), settings_, lines_, handler_, log_};
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace latchkey::http
