// The stage for hostile clients: servers with one core, so that the same thread serves every connection and
// the witness, and the ways to send bytes and check what comes of them. Thread: the main thread.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "support/rig.h"

namespace latchkey::test {

inline constexpr const char* kPingPath = "/api/v2/ping/";

/// The servers of these tests, each with one core. They start when first asked for and stop after the last
/// test. One has the default settings, the other deadlines of a fraction of a second.
ServerProcess& patient_server();
ServerProcess& impatient_server();

/// The kinds of listener that take HTTP from the first byte. At those for questions every request is one
/// (S-7).
enum class At {
  kTcp,
  kUnix,
  kNginxTcp,
  kNginxUnix,
  kForwardTcp,
  kForwardUnix,
  kEnvoyTcp,
  kEnvoyUnix,
  kAdminListen,  ///< health and metrics; of no core, and with limits of its own
};
/// Those of the cores.
inline constexpr At kEveryListener[] = {At::kTcp,        At::kUnix,        At::kNginxTcp, At::kNginxUnix,
                                        At::kForwardTcp, At::kForwardUnix, At::kEnvoyTcp, At::kEnvoyUnix};

/// Whether every request there is a question.
bool asks(At at);
std::string name_of(At at);
std::string listener_name(const ::testing::TestParamInfo<At>& info);
Door door_of(ServerProcess& server, At at);

/// Whether a question was refused with this status, as the proxies of every family expect it.
bool is_refusal(int status);

/// `status` is the answer to a request where it is none of a proxy's questions. As a question it is refused,
/// as no case here shows credentials.
void expect_status(At at, int status, const Response& response);

/// Witness: a client that does nothing wrong, beside those that do. It holds one connection and is answered
/// on it before, during and after each attack.
class Witness {
 public:
  explicit Witness(ServerProcess& server);

  /// Shows its token, and expects to be admitted.
  void expect_served();

 private:
  std::string agent_;
  HttpClient client_;
  std::string token_;
};

/// Each test has a witness on the core under attack, which is checked before and after.
class Hostile : public ::testing::Test {
 protected:
  Hostile() : Hostile(patient_server()) {}
  explicit Hostile(ServerProcess& server) : server_(server), witness_(server) {}
  void SetUp() override { witness_.expect_served(); }
  void TearDown() override { witness_.expect_served(); }

  ServerProcess& server_;
  std::uint16_t port_ = server_.port();
  Witness witness_;
};

/// The same against each kind of listener.
class HostileAtEveryListener : public Hostile, public ::testing::WithParamInterface<At> {
 protected:
  HostileAtEveryListener() : HostileAtEveryListener(patient_server()) {}
  explicit HostileAtEveryListener(ServerProcess& server)
      : Hostile(server), door_(door_of(server, GetParam())) {}

  const Door door_;
};

/// Bytes to which the server has one answer.
struct HostileCase {
  std::string name;  ///< begins with the section of RFC 9112 that it tests: `Section2_2_BareCr`
  std::string bytes;
  int status = 400;
  std::string reason;  ///< of a refusal: what its detail says
  /// Nothing is wrong with HTTP itself up to the end of the head: as a question it is answered.
  bool is_question = false;
  At at = At::kTcp;
};

/// The same case, of which only the meaning or the body is refused.
HostileCase question(HostileCase hostile);
std::vector<HostileCase> questions(std::vector<HostileCase> cases);

/// The cases whose heads are refused, at admin_listen.
std::vector<HostileCase> at_admin_listen(const std::vector<HostileCase>& cases);

/// Each case at each kind of listener of the cores.
std::vector<HostileCase> at_every_listener(const std::vector<HostileCase>& cases);
void PrintTo(const HostileCase& hostile, std::ostream* out);
std::string case_name(const ::testing::TestParamInfo<HostileCase>& info);

/// Tests over a table of cases. A case that is a question where it is tried is expected to be refused as one,
/// from its head: if it announces a body the connection ends, else the next request is read where the head
/// ends.
class HostileTable : public Hostile, public ::testing::WithParamInterface<HostileCase> {
 protected:
  /// Sends the case with a request behind it, in one piece and then in small ones (single bytes if it is
  /// short). Expects it to be refused with its status and reason, the connection to be closed, and nothing
  /// behind the case to be read as a request.
  void expect_refused();

  /// Sends the case with a request behind it, in the same two ways. Expects the case to be answered with its
  /// status, and the request behind it to begin where the case ends.
  void expect_answered();

 private:
  void expect_asked();
};

/// Sends `bytes` on a new connection and half-closes it. Returns what the server says until it closes.
std::string said_until_closed(const Door& door, std::string_view bytes);

/// A request for kPingPath with these field lines (each with its CRLF) behind Host.
std::string ping_with(const std::string& lines, const std::string& body = {});

/// A request for `target`.
std::string get(const std::string& target);

/// A request for kPingPath with a chunked body of these bytes.
std::string ping_in_chunks(const std::string& chunks);

/// One chunk.
std::string chunk_of(std::string_view data);

/// Bytes that hold NULs, from a literal.
template <std::size_t kSize>
std::string literal(const char (&text)[kSize]) {
  return std::string(text, kSize - 1);
}

}  // namespace latchkey::test
