// The memory that a password passed through holds nothing of it once it is answered (P-12): the ways in which
// a password is verified, or might be. memory_refused_test.cc has those in which nobody looks at it.
#include <crypt.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <sodium.h>

#include <array>
#include <string>

#include "memory_rig.h"

namespace latchkey::test {
namespace {

constexpr const char* kSessionPath = "/api/v2/session/";
constexpr const char* kPasswordPath = "/api/v2/me/password/";

SharedServer& searched = SharedServer::add([] { return std::make_unique<OwnServer>(searched_server()); });

const HeaderLines kJson = {{"Content-Type", kJsonType}};

HeaderLines sized(const char* type, std::string_view body) {
  return {{"Content-Type", type}, {"Content-Length", std::to_string(body.size())}};
}

/// Head and body in one piece.
std::string login_bytes(const Journey& journey) {
  return request_bytes("POST", kTokenPath, kJson, journey.password.json());
}

std::string check_bytes() { return head_of(kVerifyPath, {}, "GET"); }

int send_late(Journey& journey, const char* type, const std::string& body) {
  HttpClient& client = journey.connect();
  client.send(head_of(
      kTokenPath,
      {{"Content-Type", type}, {"Content-Length", std::to_string(body.size())}, {"Expect", "100-continue"}}));
  EXPECT_EQ(client.receive_any().status, 100);
  client.send(body);
  return client.receive().status;
}

int send_split(Journey& journey, const std::string& bytes, std::size_t piece_bytes) {
  HttpClient& client = journey.connect();
  send_in_pieces(client, bytes, piece_bytes);
  return client.receive().status;
}

TEST(Memory, HoldsNoPasswordOfALoginAsJSON) {
  expect_nothing_left(
      searched.get(),
      {{"JSON, whole", 200,
        [](Journey& journey) { return journey.ask("POST", kTokenPath, kJson, journey.password.json()); }},
       {"JSON, a short password", 200,
        [](Journey& journey) { return journey.ask("POST", kTokenPath, kJson, journey.password.json()); }, 2},
       {"JSON, a password of 600 bytes", 200,
        [](Journey& journey) { return journey.ask("POST", kTokenPath, kJson, journey.password.json()); }, 50},
       {"JSON, twice on one connection", 200,
        [](Journey& journey) {
          HttpClient& client = journey.connect();
          client.request("POST", kTokenPath, kJson, journey.password.json());
          return client.request("POST", kTokenPath, kJson, journey.password.json()).status;
        }},
       {"JSON, late", 200,
        [](Journey& journey) { return send_late(journey, kJsonType, journey.password.json()); }},
       {"JSON, in pieces of 3 bytes", 200,
        [](Journey& journey) { return send_split(journey, login_bytes(journey), 3); }},
       {"JSON, in pieces of 17 bytes", 200,
        [](Journey& journey) { return send_split(journey, login_bytes(journey), 17); }},
       {"JSON, chunked", 200,
        [](Journey& journey) {
          return send_split(journey,
                            head_of(kTokenPath, {kJson.front(), {"Transfer-Encoding", "chunked"}}) +
                                chunked(journey.password.json(), 1000),
                            10'000);
        }},
       {"JSON, chunked by 5 bytes, in pieces of 7", 200,
        [](Journey& journey) {
          return send_split(journey,
                            head_of(kTokenPath, {kJson.front(), {"Transfer-Encoding", "chunked"}}) +
                                chunked(journey.password.json(), 5),
                            7);
        }},
       {"JSON, every Z escaped", 200,
        [](Journey& journey) {
          return journey.ask("POST", kTokenPath, kJson, journey.password.escaped_json());
        }},
       {"JSON, behind fields that nobody reads", 200,
        [](Journey& journey) {
          const std::string& text = journey.password.text();
          return journey.ask(
              "POST", kTokenPath, kJson,
              "{\"old\":\"" + text + "\",\"" + text + "\":1," + journey.password.json().substr(1));
        }},
       {"JSON, answered indented", 200,
        [](Journey& journey) {
          return journey.ask("POST", kTokenPath, {kJson.front(), {"Accept", "application/json; indent=4"}},
                             journey.password.json());
        }},
       {"JSON, answered as a page", 200,
        [](Journey& journey) {
          return journey.ask("POST", kTokenPath, {kJson.front(), {"Accept", "text/html"}},
                             journey.password.json());
        }},
       {"JSON, the last of its connection", 200,
        [](Journey& journey) {
          return journey.ask("POST", kTokenPath, {kJson.front(), {"Connection", "close"}},
                             journey.password.json());
        }},
       {"JSON, behind a check in one piece, and before one", 401,
        [](Journey& journey) {
          HttpClient& client = journey.connect();
          client.send(check_bytes() + login_bytes(journey) + check_bytes());
          EXPECT_EQ(client.receive().status, 401);
          EXPECT_EQ(client.receive().status, 200);
          return client.receive().status;
        }},
       {"JSON, two logins in one piece, and the beginning of a third", 200,
        [](Journey& journey) {
          HttpClient& client = journey.connect();
          client.send(login_bytes(journey) + login_bytes(journey) + "POST /");
          EXPECT_EQ(client.receive().status, 200);
          return client.receive().status;
        }},
       {"JSON, behind a header of the PROXY protocol", 200,
        [](Journey& journey) {
          HttpClient& client = journey.clients.emplace_back(journey.server.proxy_port());
          client.send("PROXY TCP4 192.0.2.1 192.0.2.2 4000 80\r\n" + login_bytes(journey));
          return client.receive().status;
        }},
       {"JSON, a session's sign-in", 200,
        [](Journey& journey) { return journey.ask("POST", kSessionPath, kJson, journey.password.json()); }},
       {"JSON, a wrong password", 400, [](Journey& journey) {
          return journey.ask("POST", kTokenPath, kJson, login_json(kUser, journey.password.text()));
        }}});
}

TEST(Memory, HoldsNoPasswordOfALoginAsFormData) {
  expect_nothing_left(
      searched.get(),
      {{"form, whole", 200,
        [](Journey& journey) {
          return journey.ask("POST", kTokenPath, {{"Content-Type", kFormType}}, journey.password.form());
        }},
       {"form, late", 200,
        [](Journey& journey) { return send_late(journey, kFormType, journey.password.form()); }},
       {"form, in pieces of 3 bytes", 200,
        [](Journey& journey) {
          const std::string body = journey.password.form();
          return send_split(journey, head_of(kTokenPath, sized(kFormType, body)) + body, 3);
        }},
       {"form, every Z escaped", 200,
        [](Journey& journey) {
          return journey.ask("POST", kTokenPath, {{"Content-Type", kFormType}},
                             journey.password.escaped_form());
        }},
       {"form, a wrong password", 400,
        [](Journey& journey) {
          return journey.ask("POST", kTokenPath, {{"Content-Type", kFormType}},
                             "username=nobody&password=" + journey.password.text());
        }},
       {"form, a short password", 200,
        [](Journey& journey) {
          return journey.ask("POST", kTokenPath, {{"Content-Type", kFormType}}, journey.password.form());
        },
        2},
       {"multipart, whole", 200,
        [](Journey& journey) {
          return journey.ask("POST", kTokenPath, {{"Content-Type", kMultipartType}},
                             journey.password.multipart());
        }},
       {"multipart, late", 200,
        [](Journey& journey) { return send_late(journey, kMultipartType, journey.password.multipart()); }},
       {"multipart, a wrong password", 400, [](Journey& journey) {
          MarkedPassword other = journey.password;
          std::string body = other.multipart();
          body.replace(body.find(other.user()), other.user().size(), "nobody");
          return journey.ask("POST", kTokenPath, {{"Content-Type", kMultipartType}}, body);
        }}});
}

TEST(Memory, HoldsNoPasswordOfBasic) {
  const auto show = [](Journey& journey, const char* path) {
    return journey.ask("GET", path, {{"Authorization", journey.password.basic()}});
  };
  expect_nothing_left(
      searched.get(),
      {{"Basic", 200, [show](Journey& journey) { return show(journey, kMePath); }},
       {"Basic, a short password", 200, [show](Journey& journey) { return show(journey, kMePath); }, 2},
       {"Basic at /auth/verify", 200, [show](Journey& journey) { return show(journey, kVerifyPath); }},
       {"Basic, the scheme in capitals", 200,
        [](Journey& journey) {
          return journey.ask("GET", kMePath, {{"Authorization", "BASIC " + journey.password.basic_word()}});
        }},
       {"Basic, in pieces of 5 bytes", 200,
        [](Journey& journey) {
          return send_split(journey, head_of(kMePath, {{"Authorization", journey.password.basic()}}, "GET"),
                            5);
        }},
       {"Basic, behind a check in one piece", 200,
        [](Journey& journey) {
          HttpClient& client = journey.connect();
          client.send(check_bytes() +
                      head_of(kVerifyPath, {{"Authorization", journey.password.basic()}}, "GET"));
          EXPECT_EQ(client.receive().status, 401);
          return client.receive().status;
        }},
       {"Basic, on a page", 200,
        [](Journey& journey) {
          return journey.ask("GET", kMePath,
                             {{"Authorization", journey.password.basic()}, {"Accept", "text/html"}});
        }},
       {"Basic, a wrong password", 401, [](Journey& journey) {
          // For a user with a name of the same length.
          const std::string word = journey.password.basic_word();
          return journey.ask("GET", kMePath, {{"Authorization", "Basic bm9vbmU6" + word.substr(8)}});
        }}});
}

TEST(Memory, HoldsNoPasswordOfAChangeOfPassword) {
  const auto body = [](std::string_view current, std::string_view next) {
    return std::string("{\"current_password\":\"")
        .append(current)
        .append("\",\"new_password\":\"")
        .append(next)
        .append("\"}");
  };
  const auto token_of = [](Journey& journey) {
    return obtain_token(journey.connect(), "agent", journey.password.user(), journey.password.text());
  };
  const auto change = [](Journey& journey, const std::string& token, const char* type,
                         std::string_view sent) {
    return journey.ask("POST", kPasswordPath,
                       {{"Content-Type", type}, {"Authorization", "Token " + token}, {"User-Agent", "agent"}},
                       sent);
  };
  expect_nothing_left(
      searched.get(),
      {{"change, from the password to another", 200,
        [=](Journey& journey) {
          return change(journey, token_of(journey), kJsonType, body(journey.password.text(), "another one"));
        }},
       {"change, to the password", 200,
        [=](Journey& journey) {
          const std::string token = token_of(journey);
          EXPECT_EQ(change(journey, token, kJsonType, body(journey.password.text(), "another one")), 200);
          return change(journey, token, kJsonType, body("another one", journey.password.text()));
        }},
       {"change, as a form", 200,
        [=](Journey& journey) {
          return change(journey, token_of(journey), kFormType,
                        "new_password=another+one&current_password=" + journey.password.text());
        }},
       {"change, by Basic", 200,
        [=](Journey& journey) {
          return journey.ask("POST", kPasswordPath,
                             {{"Content-Type", kJsonType}, {"Authorization", journey.password.basic()}},
                             body(journey.password.text(), "another one"));
        }},
       {"change, the current one wrong", 400,
        [=](Journey& journey) {
          return change(journey, token_of(journey), kJsonType, body("wrong", journey.password.text()));
        }},
       {"change, the new one too short", 400,
        [=](Journey& journey) {
          return change(journey, token_of(journey), kJsonType, body(journey.password.text(), "short"));
        }},
       {"change, by a token that nobody has", 401, [=](Journey& journey) {
          return change(journey, std::string(40, '0'), kJsonType,
                        body(journey.password.text(), journey.password.text()));
        }}});
}

int command(Journey& journey, const char* act, const std::string& name) {
  return run_latchkey(journey.server.data(), {"user", act, name, "--password-stdin"},
                      journey.password.text() + "\n")
      .status;
}

TEST(Memory, HoldsNoPasswordOfTheAdministratorsCommands) {
  expect_nothing_left(
      searched.get(),
      {{"latchkey user add", 0,
        [](Journey& journey) { return command(journey, "add", journey.password.user() + "2"); }},
       {"latchkey user add, a short password", 0,
        [](Journey& journey) { return command(journey, "add", journey.password.user() + "2"); }, 2},
       {"latchkey user add, of a name that there is", 1,
        [](Journey& journey) { return command(journey, "add", journey.password.user()); }},
       {"latchkey user passwd", 0,
        [](Journey& journey) { return command(journey, "passwd", journey.password.user()); }},
       {"latchkey user passwd, of nobody", 1,
        [](Journey& journey) { return command(journey, "passwd", "nobody"); }}});
}

/// A login by a hash that another program made. That hash is verified first, and then a new one is made.
Way imported(const char* name, const std::function<std::string(const std::string&)>& hash) {
  return {name, 200, [hash](Journey& journey) {
            const std::string user = journey.password.user() + "2";
            const Finished added =
                run_latchkey(journey.server.data(), {"user", "add", user, "--password-hash-stdin"},
                             hash(journey.password.text()));
            EXPECT_EQ(added.status, 0) << added.errors;
            return journey.ask("POST", kTokenPath, kJson, login_json(user, journey.password.text()));
          }};
}

std::string by_crypt(const std::string& password, const char* prefix) {
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
  EXPECT_NE(::crypt_gensalt_rn(prefix, 0, nullptr, 0, setting.data(), setting.size()), nullptr);
  crypt_data room{};
  return ::crypt_r(password.c_str(), setting.data(), &room);
}

std::string by_pbkdf2(const std::string& password) {
  std::array<unsigned char, 32> digest{};
  EXPECT_EQ(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                              reinterpret_cast<const unsigned char*>("salt"), 4, 1000, EVP_sha256(),
                              digest.size(), digest.data()),
            1);
  std::array<char, sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL)> text{};
  sodium_bin2base64(text.data(), text.size(), digest.data(), digest.size(), sodium_base64_VARIANT_ORIGINAL);
  return std::string("pbkdf2_sha256$1000$salt$") + text.data();
}

std::string by_django_bcrypt(const std::string& password) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(password.data()), password.size());
  std::array<char, 2 * crypto_hash_sha256_BYTES + 1> digits{};
  sodium_bin2hex(digits.data(), digits.size(), digest.data(), digest.size());
  return "bcrypt_sha256$" + by_crypt(digits.data(), "$2b$");
}

TEST(Memory, HoldsNoPasswordOfALoginByAnImportedHash) {
  expect_nothing_left(
      searched.get(),
      {imported("pbkdf2_sha256", by_pbkdf2), imported("bcrypt_sha256", by_django_bcrypt),
       imported("bcrypt", [](const std::string& text) { return by_crypt(text, "$2b$"); }),
       imported("scrypt", [](const std::string& text) { return by_crypt(text, "$7$"); }),
       imported("yescrypt", [](const std::string& text) { return by_crypt(text, "$y$"); }),
       imported("sha512-crypt", [](const std::string& text) { return by_crypt(text, "$6$"); })});
}

}  // namespace
}  // namespace latchkey::test
