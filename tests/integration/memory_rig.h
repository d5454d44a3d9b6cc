// The parts of the tests of what a server keeps in memory: a password for each way, and the search for copies
// of it once the way has ended. Used by memory_test.cc and memory_refused_test.cc.
// Thread: one.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "support/process_memory.h"
#include "support/rig.h"

namespace latchkey::test {

/// A password that no other way has, in groups of six characters: `Zq7`, two for the way, one for the group.
class MarkedPassword {
 public:
  MarkedPassword();
  /// `groups` is the length in groups. Two fit into a std::string that allocates nothing.
  explicit MarkedPassword(std::size_t groups);

  const std::string& text() const noexcept { return text_; }
  /// The name of the password's user. With its colon it is two groups of base64.
  const std::string& user() const noexcept { return user_; }
  /// Forms in which the password may be left: plain, in Basic, in a form and behind JSON's escapes.
  std::vector<Needle> needles() const;

  std::string json() const { return login_json(user_, text_); }
  /// The same with every `Z` as `\u005a`.
  std::string escaped_json() const;
  std::string form() const { return "username=" + user_ + "&password=" + text_; }
  /// The same with every `Z` as `%5A`.
  std::string escaped_form() const;
  std::string multipart() const;
  std::string basic() const { return "Basic " + basic_word(); }
  std::string basic_word() const;

 private:
  std::string user_;
  std::string text_;
};

inline constexpr const char* kMultipartType = "multipart/form-data; boundary=edge";

/// A way under way. Connections that it opens stay open until memory has been searched, unless it closes
/// them.
struct Journey {
  ServerProcess& server;
  MarkedPassword password;
  std::list<HttpClient> clients = {};

  HttpClient& connect() { return clients.emplace_back(server.port()); }
  /// One request on a new connection, and the status of its answer.
  int ask(std::string_view method, std::string_view target, const HeaderLines& headers,
          std::string_view body = {}) {
    return connect().request(method, target, headers, body).status;
  }
};

/// A way: its name, the status that the server must answer, and its steps up to the answer.
struct Way {
  const char* name;
  int status;
  std::function<int(Journey&)> go;
  std::size_t groups = 8;
};

/// Options for a server with short timeouts that accepts Basic everywhere.
ServerOptions searched_server();

/// Adds the password's user by a hash, so that the server does not see the password.
void import_user(const ServerProcess& server, const MarkedPassword& password);

/// Takes each way, with a user of its own whose password is right, and counts the copies left in the server's
/// memory. Prints a table of them. None may be left. Skips the test if memory cannot be read.
void expect_nothing_left(ServerProcess& server, const std::vector<Way>& ways);

/// The number of copies left once the server has had time to wipe.
std::size_t copies_left(const ServerProcess& server, const MarkedPassword& password);

/// Sends `bytes` in pieces of `piece_bytes`.
void send_in_pieces(HttpClient& client, std::string_view bytes, std::size_t piece_bytes);

/// `bytes` in chunks of `chunk_bytes`, with the last chunk.
std::string chunked(std::string_view bytes, std::size_t chunk_bytes);

/// The head of a request whose body is sent separately.
std::string head_of(std::string_view target, const HeaderLines& headers, std::string_view method = "POST");

}  // namespace latchkey::test
