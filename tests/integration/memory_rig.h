// How the tests of what a server keeps in memory are made: a password of its own for each way on which one
// may come, and the search for what is left of it once the way is at its end. Used by memory_test.cc and
// memory_refused_test.cc; one thread.
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

/// A password that no other way has, of groups of six characters: `Zq7`, the way's two, and the group's one.
class MarkedPassword {
 public:
  MarkedPassword();
  /// So many groups. Two fit into a std::string without memory of its own.
  explicit MarkedPassword(std::size_t groups);

  const std::string& text() const noexcept { return text_; }
  /// The name of the user whose password it may be: with its colon two groups of base64.
  const std::string& user() const noexcept { return user_; }
  /// What may be left of it: the password as it is, in Basic, in a form and behind JSON's escapes.
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

/// A way under way. What it opens stays open until memory has been searched, unless it closes it.
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

/// A way: what it is called, what the server is to answer, and how it goes, up to the answer.
struct Way {
  const char* name;
  int status;
  std::function<int(Journey&)> go;
  std::size_t groups = 8;
};

/// A server with short timeouts, on which Basic is taken everywhere.
ServerOptions searched_server();

/// Makes the password's user, by a hash, so that the server does not see the password.
void import_user(const ServerProcess& server, const MarkedPassword& password);

/// Takes each way, with a user of its own whose password is right, and counts what is left in the server's
/// memory; prints the table of it. None may leave anything. Skips the test where memory cannot be read.
void expect_nothing_left(ServerProcess& server, const std::vector<Way>& ways);

/// How many copies are left once the server has had the time to wipe what it has.
std::size_t copies_left(const ServerProcess& server, const MarkedPassword& password);

/// Sends `bytes` in pieces of so many.
void send_in_pieces(HttpClient& client, std::string_view bytes, std::size_t piece_bytes);

/// `bytes` in chunks of so many, and the last one.
std::string chunked(std::string_view bytes, std::size_t chunk_bytes);

/// The head of a request whose body is sent apart.
std::string head_of(std::string_view target, const HeaderLines& headers, std::string_view method = "POST");

}  // namespace latchkey::test
