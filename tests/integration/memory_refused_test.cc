// The memory that a password passed through holds nothing of it once it is answered (P-12), even if nobody
// looked at it: requests that are refused before that, break off, or wait too long.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "memory_rig.h"

namespace latchkey::test {
namespace {

SharedServer& searched = SharedServer::add([] { return std::make_unique<OwnServer>(searched_server()); });

const HeaderLines kJson = {{"Content-Type", kJsonType}};

int send_whole(Journey& journey, const std::string& bytes) {
  HttpClient& client = journey.connect();
  client.send(bytes);
  return client.receive().status;
}

/// The chunks without the last one. Nothing follows them.
std::string without_end(std::string chunks) {
  chunks.resize(chunks.size() - 5);
  return chunks;
}

std::string basic_head(const Journey& journey, const char* more = "") {
  return std::string("GET /api/v2/me/ HTTP/1.1\r\nHost: x\r\nAuthorization: ") + journey.password.basic() +
         "\r\n" + more + "\r\n";
}

TEST(MemoryRefused, HoldsNoPasswordOfABodyThatNobodyCanRead) {
  expect_nothing_left(
      searched.get(),
      {{"JSON, cut off behind the password", 400,
        [](Journey& journey) {
          std::string body = journey.password.json();
          body.pop_back();
          return journey.ask("POST", kTokenPath, kJson, body);
        }},
       {"JSON, cut off within the password", 400,
        [](Journey& journey) {
          std::string body = journey.password.json();
          body.resize(body.size() - 10);
          return journey.ask("POST", kTokenPath, kJson, body);
        }},
       {"JSON, a comma too many", 400,
        [](Journey& journey) {
          std::string body = journey.password.json();
          body.insert(body.size() - 1, ",");
          return journey.ask("POST", kTokenPath, kJson, body);
        }},
       {"JSON, the password alone", 400,
        [](Journey& journey) {
          return journey.ask("POST", kTokenPath, kJson, "\"" + journey.password.text() + "\"");
        }},
       {"JSON, in a list", 400,
        [](Journey& journey) {
          return journey.ask("POST", kTokenPath, kJson,
                             R"({"username":"x","password":[")" + journey.password.text() + "\"]}");
        }},
       {"JSON, a NUL in it", 400,
        [](Journey& journey) {
          return journey.ask("POST", kTokenPath, kJson, login_json("x", journey.password.text() + '\0'));
        }},
       {"form, not UTF-8", 400,
        [](Journey& journey) {
          return journey.ask("POST", kTokenPath, {{"Content-Type", kFormType}},
                             journey.password.form() + "%ff");
        }},
       {"multipart, without its end", 400,
        [](Journey& journey) {
          std::string body = journey.password.multipart();
          body.resize(body.size() - 6);
          return journey.ask("POST", kTokenPath, {{"Content-Type", kMultipartType}}, body);
        }},
       {"multipart, in an encoding", 400,
        [](Journey& journey) {
          std::string body = journey.password.multipart();
          body.insert(body.find("\r\n\r\n"), "\r\nContent-Transfer-Encoding: base64");
          return journey.ask("POST", kTokenPath, {{"Content-Type", kMultipartType}}, body);
        }},
       {"of another type", 415,
        [](Journey& journey) {
          return journey.ask("POST", kTokenPath, {{"Content-Type", "text/plain"}}, journey.password.form());
        }},
       {"of no type", 415,
        [](Journey& journey) { return journey.ask("POST", kTokenPath, {}, journey.password.json()); }},
       {"too long", 413,
        [](Journey& journey) {
          return send_whole(journey, head_of(kTokenPath, {kJson.front(), {"Content-Length", "1000000"}}) +
                                         journey.password.json());
        }},
       {"too long, the password behind the answer", 413,
        [](Journey& journey) {
          const int status =
              send_whole(journey, head_of(kTokenPath, {kJson.front(), {"Content-Length", "1000000"}}));
          journey.clients.front().send(journey.password.json());
          return status;
        }},
       {"too long, chunked", 413,
        [](Journey& journey) {
          return send_whole(journey, head_of(kTokenPath, {kJson.front(), {"Transfer-Encoding", "chunked"}}) +
                                         without_end(chunked(journey.password.json(), 5)) + "fffff\r\nmore");
        }},
       {"chunked wrongly", 400, [](Journey& journey) {
          const std::string body = journey.password.json();
          return send_whole(journey, head_of(kTokenPath, {kJson.front(), {"Transfer-Encoding", "chunked"}}) +
                                         chunked(body, 1000).substr(0, body.size() + 4) + "XX\r\n");
        }}});
}

TEST(MemoryRefused, HoldsNoPasswordOfABodyThatNobodyAskedFor) {
  const auto ask = [](const char* method, const char* target) {
    return [method, target](Journey& journey) {
      return journey.ask(method, target, kJson, journey.password.json());
    };
  };
  expect_nothing_left(searched.get(), {{"PUT to the token resource", 405, ask("PUT", kTokenPath)},
                                       {"POST to nowhere", 404, ask("POST", "/api/v2/login/")},
                                       {"POST beside the final slash", 308, ask("POST", "/api/v2/authtoken")},
                                       {"OPTIONS with a body", 200, ask("OPTIONS", kTokenPath)},
                                       {"DELETE with a body", 204, ask("DELETE", kTokenPath)},
                                       {"a check with a body", 401, ask("POST", kVerifyPath)},
                                       {"GET with a body", 200, ask("GET", "/api/v2/ping/")},
                                       {"POST from another site", 403, [](Journey& journey) {
                                          return journey.ask(
                                              "POST", kTokenPath,
                                              {{"Content-Type", kFormType}, {"Sec-Fetch-Site", "cross-site"}},
                                              journey.password.form());
                                        }}});
}

TEST(MemoryRefused, HoldsNoPasswordOfAHeadThatNobodyCanRead) {
  const auto show = [](const char* method, const char* target, int) {
    return [method, target](Journey& journey) {
      return journey.ask(method, target, {{"Authorization", journey.password.basic()}});
    };
  };
  expect_nothing_left(
      searched.get(),
      {{"Basic, a broken line behind it", 400,
        [](Journey& journey) { return send_whole(journey, basic_head(journey, "broken line\r\n")); }},
       {"Basic, twice", 400,
        [](Journey& journey) {
          return send_whole(journey, basic_head(journey, "Authorization: Basic eDp5\r\n"));
        }},
       {"Basic, before a head that is too long", 431,
        [](Journey& journey) {
          return send_whole(journey,
                            basic_head(journey, ("X: " + std::string(70'000, 'x') + "\r\n").c_str()));
        }},
       {"Basic, without a colon", 401,
        [](Journey& journey) {
          return journey.ask("GET", kMePath,
                             {{"Authorization", "Basic " + journey.password.basic_word().substr(8)}});
        }},
       {"Basic, two words", 401,
        [](Journey& journey) {
          return journey.ask("GET", kMePath, {{"Authorization", journey.password.basic() + " x"}});
        }},
       {"Basic, not base64", 401,
        [](Journey& journey) {
          return journey.ask("GET", kMePath, {{"Authorization", journey.password.basic() + "!"}});
        }},
       {"Basic, by another name", 401,
        [](Journey& journey) {
          return journey.ask("GET", kMePath, {{"Authorization", "Basik " + journey.password.basic_word()}});
        }},
       {"Basic, in clear", 401,
        [](Journey& journey) {
          return journey.ask("GET", kMePath, {{"Authorization", "Basic x:" + journey.password.text()}});
        }},
       {"Basic, beside a token", 401,
        [](Journey& journey) {
          return journey.ask("GET", kVerifyPath,
                             {{"X-Auth-Token", "Token x"}, {"Authorization", journey.password.basic()}});
        }},
       {"Basic, to nowhere", 404, show("GET", "/api/v2/nowhere/", 404)},
       {"Basic, where nobody asks", 200, show("GET", "/api/v2/ping/", 200)},
       {"Basic, with OPTIONS", 200, show("OPTIONS", kMePath, 200)},
       {"Basic, with a method that is not there", 405, show("PUT", kMePath, 405)}});
}

TEST(MemoryRefused, HoldsNoPasswordOfAClientThatGoes) {
  // The client reads no answer. Once a later client has one, the server has noticed.
  const auto go = [](Journey& journey, const std::string& bytes, bool reset) {
    HttpClient& client = journey.connect();
    client.send(bytes);
    if (reset) {
      client.reset();
    } else {
      client.finish_sending();
      client.read_to_end();
    }
    journey.clients.clear();
    return journey.ask("GET", "/api/v2/ping/", {});
  };
  const auto login = [](const Journey& journey) {
    return request_bytes("POST", kTokenPath, kJson, journey.password.json());
  };
  expect_nothing_left(
      searched.get(),
      {{"within the body", 200,
        [=](Journey& journey) {
          const std::string bytes = login(journey);
          return go(journey, bytes.substr(0, bytes.size() - 5), false);
        }},
       {"within the body, by a reset", 200,
        [=](Journey& journey) {
          const std::string bytes = login(journey);
          return go(journey, bytes.substr(0, bytes.size() - 5), true);
        }},
       {"within a chunk", 200,
        [=](Journey& journey) {
          return go(journey,
                    head_of(kTokenPath, {kJson.front(), {"Transfer-Encoding", "chunked"}}) + "1000\r\n" +
                        journey.password.json(),
                    false);
        }},
       {"within a head with Basic", 200,
        [=](Journey& journey) {
          const std::string bytes = basic_head(journey);
          return go(journey, bytes.substr(0, bytes.size() - 2), false);
        }},
       {"before the answer", 200, [=](Journey& journey) { return go(journey, login(journey), true); }},
       {"with a login behind the last request", 200, [=](Journey& journey) {
          return go(journey,
                    "GET /api/v2/ping/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + login(journey),
                    false);
        }}});
}

TEST(MemoryRefused, HoldsNoPasswordOfAClientThatWaitsForTooLong) {
  expect_nothing_left(searched.get(), {{"within the body", 408,
                                        [](Journey& journey) {
                                          std::string bytes = request_bytes("POST", kTokenPath, kJson,
                                                                            journey.password.json());
                                          bytes.pop_back();
                                          return send_whole(journey, bytes);
                                        }},
                                       {"within a head with Basic", 408, [](Journey& journey) {
                                          std::string bytes = basic_head(journey);
                                          bytes.pop_back();
                                          return send_whole(journey, bytes);
                                        }}});
}

/// Sends an administrator's request as `latchkey` never would.
int ask_admin(const Journey& journey, const std::string& body) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (journey.server.data() / "admin.sock").string();
  if (path.size() >= sizeof address.sun_path) return 0;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const std::string bytes = request_bytes("POST", "/users", kJson, body);
  EXPECT_EQ(::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  std::string answer(4096, '\0');
  const ssize_t got = ::recv(client, answer.data(), answer.size(), 0);
  ::close(client);
  return got > 12 ? std::stoi(answer.substr(9, 3)) : 0;
}

TEST(MemoryRefused, HoldsNoPasswordOfAnAdministratorsRequestThatIsWrong) {
  expect_nothing_left(
      searched.get(),
      {{"cut off", 400,
        [](Journey& journey) {
          return ask_admin(journey, R"({"name":"x","password":")" + journey.password.text() + "\"");
        }},
       {"a member that nobody knows", 400,
        [](Journey& journey) {
          return ask_admin(journey, R"({"password":")" + journey.password.text() + R"(","pass":"x"})");
        }},
       {"both password and hash", 400, [](Journey& journey) {
          return ask_admin(
              journey, R"({"name":"x","password":")" + journey.password.text() + R"(","password_hash":"x"})");
        }}});
}

TEST(MemoryRefused, HoldsNoPasswordOfALoginThatIsThrottled) {
  ServerOptions options = searched_server();
  options.throttle = true;
  options.flags.insert(options.flags.end(), {"--login-failures-by-address", "1"});
  OwnServer server(options);
  HttpClient client(server.process.port());
  log_in(client, "agent", "nobody", "wrong");
  expect_nothing_left(
      server.process,
      {{"JSON, throttled", 429,
        [](Journey& journey) { return journey.ask("POST", kTokenPath, kJson, journey.password.json()); }},
       {"form, throttled", 429,
        [](Journey& journey) {
          return journey.ask("POST", kTokenPath, {{"Content-Type", kFormType}}, journey.password.form());
        }},
       {"Basic, throttled", 429, [](Journey& journey) {
          return journey.ask("GET", kMePath, {{"Authorization", journey.password.basic()}});
        }}});
}

TEST(MemoryRefused, HoldsNoPasswordOfALoginThatFindsTheQueueFull) {
  ServerOptions options = searched_server();
  options.cores = 1;
  options.cheap_hashes = false;
  options.flags.insert(options.flags.end(),
                       {"--hash-queue", "1", "--hash-threads", "1", "--hash-memory", "64MiB"});
  OwnServer server(options);
  expect_nothing_left(server.process, {{"JSON, eight at once", 503, [](Journey& journey) {
                                          const std::string bytes =
                                              request_bytes("POST", kTokenPath, kJson,
                                                            login_json("nobody", journey.password.text()));
                                          for (int i = 0; i < 8; ++i) journey.connect().send(bytes);
                                          int worst = 0;
                                          for (HttpClient& client : journey.clients)
                                            worst = std::max(worst, client.receive().status);
                                          return worst;
                                        }}});
}

}  // namespace
}  // namespace latchkey::test
