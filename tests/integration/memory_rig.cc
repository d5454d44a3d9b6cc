#include "memory_rig.h"

#include <fmt/format.h>
#include <sodium.h>

#include <array>
#include <cstdio>
#include <thread>

#include "latchkey/base/sanitized.h"

namespace latchkey::test {

namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYabcdefghijklmnoprstuvwxyz0123456789";

// The server may wipe some copies a moment after its answer. A copy found by all these looks will stay.
constexpr int kLooks = 20;
constexpr std::chrono::milliseconds kBetweenLooks{50};

std::size_t next_way() {
  static std::size_t ways = 0;
  return ways++;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

}  // namespace

MarkedPassword::MarkedPassword() : MarkedPassword(8) {}

MarkedPassword::MarkedPassword(std::size_t groups) {
  const std::size_t way = next_way();
  const std::string own = {kLetters[way / kLetters.size() % kLetters.size()],
                           kLetters[way % kLetters.size()]};
  user_ = "usr" + own;
  for (std::size_t group = 0; group < groups; ++group) text_ += "Zq7" + own + kLetters[group];
}

std::vector<Needle> MarkedPassword::needles() const {
  return {{text_, "Zq7"},
          {basic_word(), "WnE3"},
          {replaced(text_, "Z", "%5A"), "%5Aq7"},
          {replaced(text_, "Z", "\\u005a"), "q7"}};
}

std::string MarkedPassword::escaped_json() const { return replaced(json(), "Z", "\\u005a"); }
std::string MarkedPassword::escaped_form() const { return replaced(form(), "Z", "%5A"); }

std::string MarkedPassword::multipart() const {
  const auto part = [](std::string_view name, std::string_view value) {
    return fmt::format("--edge\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", name, value);
  };
  return part("username", user_) + part("password", text_) + "--edge--\r\n";
}

std::string MarkedPassword::basic_word() const {
  const std::string plain = user_ + ":" + text_;
  std::string word(sodium_base64_ENCODED_LEN(plain.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(word.data(), word.size(), reinterpret_cast<const unsigned char*>(plain.data()),
                    plain.size(), sodium_base64_VARIANT_ORIGINAL);
  word.pop_back();  // the NUL
  return word;
}

ServerOptions searched_server() {
  ServerOptions options;
  options.cores = 2;
  options.flags = {"--body-timeout", "3s",          "--header-timeout", "3s",   "--verify-basic",
                   "--proxy-listen", "127.0.0.1:0", "--log-level",      "debug"};
  return options;
}

void import_user(const ServerProcess& server, const MarkedPassword& password) {
  // Cheaper than the server's own hashes, so that the login makes a new hash of the password.
  std::array<char, crypto_pwhash_STRBYTES> hash{};
  ASSERT_EQ(crypto_pwhash_str(hash.data(), password.text().data(), password.text().size(),
                              crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN),
            0);
  const Finished added =
      run_latchkey(server.data(), {"user", "add", password.user(), "--password-hash-stdin"}, hash.data());
  ASSERT_EQ(added.status, 0) << added.errors;
}

std::size_t copies_left(const ServerProcess& server, const MarkedPassword& password) {
  const std::vector<Needle> needles = password.needles();
  std::size_t copies = count_copies(server.pid(), needles);
  for (int look = 1; copies != 0 && look < kLooks; ++look) {
    std::this_thread::sleep_for(kBetweenLooks);
    copies = count_copies(server.pid(), needles);
  }
  return copies;
}

void expect_nothing_left(ServerProcess& server, const std::vector<Way>& ways) {
  if (kSanitized) GTEST_SKIP() << "the sanitizers keep what is freed, and copies of the stack";
  if (!can_read_memory(server.pid())) GTEST_SKIP() << "the memory of a server may not be read here";
  fmt::print("{:<64} {:>6} {:>11}\n", "way", "status", "copies left");
  for (const Way& way : ways) {
    SCOPED_TRACE(way.name);
    Journey journey{server, MarkedPassword(way.groups)};
    import_user(server, journey.password);
    const int status = way.go(journey);
    const std::size_t copies = copies_left(server, journey.password);
    fmt::print("{:<64} {:>6} {:>11}\n", way.name, status, copies);
    EXPECT_EQ(status, way.status);
    EXPECT_EQ(copies, 0U);
  }
  std::fflush(stdout);
}

void send_in_pieces(HttpClient& client, std::string_view bytes, std::size_t piece_bytes) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece_bytes, bytes.size())))
    client.send(bytes.substr(0, piece_bytes));
}

std::string chunked(std::string_view bytes, std::size_t chunk_bytes) {
  std::string out;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(chunk_bytes, bytes.size()))) {
    const std::string_view chunk = bytes.substr(0, chunk_bytes);
    out += fmt::format("{:x}\r\n{}\r\n", chunk.size(), chunk);
  }
  return out + "0\r\n\r\n";
}

std::string head_of(std::string_view target, const HeaderLines& headers, std::string_view method) {
  std::string head = fmt::format("{} {} HTTP/1.1\r\nHost: x\r\n", method, target);
  for (const auto& [name, value] : headers) head += fmt::format("{}: {}\r\n", name, value);
  return head + "\r\n";
}

}  // namespace latchkey::test
