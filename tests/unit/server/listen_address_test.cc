// Where the server listens, as settings name it.
#include "server/listen_address.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "server/settings.h"
#include "server/settings_text.h"
#include "support/temporary_directory.h"

namespace latchkey::server {
namespace {

using http::ProxyFamily;

TEST(ListenAddress, IsAnAddressWithAPortOrThePathOfASocket) {
  EXPECT_EQ(ListenAddress::parse("[::1]:80").value().to_text(), "[::1]:80");
  const ListenAddress socket = ListenAddress::parse("unix:/run/latchkey/http.sock").value();
  EXPECT_TRUE(socket.is_unix());
  EXPECT_EQ(socket.path, "/run/latchkey/http.sock");
  EXPECT_EQ(socket.to_text(), "unix:/run/latchkey/http.sock");
  EXPECT_NE(socket, ListenAddress::parse("unix:/run/latchkey/other.sock").value());
}

TEST(ListenAddress, OfASocketIsOneInAnySpelling) {
  for (const char* text : {"unix:///run/a.sock", "unix:/run//a.sock", "unix:/run/./b/../a.sock"}) {
    EXPECT_EQ(ListenAddress::parse(text).value().path, "/run/a.sock") << text;
  }
}

TEST(ListenAddress, RefusesWhatIsNoFileOfItsOwn) {
  for (const std::string& text :
       {std::string("unix:"), std::string("unix:run/a"), std::string("unix:@a"), std::string("unix:/"),
        std::string("unix:/run/"), std::string("unix:/a\0b", 9),
        "unix:/" + std::string(kMaxSocketPathBytes, 'a'), std::string("unix:~/a"), std::string("/run/a"),
        std::string("127.0.0.1")}) {
    EXPECT_FALSE(ListenAddress::parse(text).has_value()) << text;
  }
  EXPECT_TRUE(ListenAddress::parse("unix:/" + std::string(kMaxSocketPathBytes - 1, 'a')).has_value());
}

TEST(VerifyAddress, IsOfNginxUnlessItsFamilyStandsInFront) {
  const std::array<std::pair<const char*, ProxyFamily>, 3> families = {
      {{"nginx", ProxyFamily::kNginx}, {"forward", ProxyFamily::kForward}, {"envoy", ProxyFamily::kEnvoy}}};
  for (const char* where : {"127.0.0.1:9001", "unix:/run/a@b.sock"}) {
    EXPECT_EQ(VerifyAddress::parse(where).value().family, ProxyFamily::kNginx);
    for (const auto& [name, family] : families) {
      const VerifyAddress address = VerifyAddress::parse(std::string(name) + "@" + where).value();
      EXPECT_EQ(address.family, family);
      EXPECT_EQ(address.where, ListenAddress::parse(where).value());
      EXPECT_EQ(VerifyAddress::parse(address.to_text()).value(), address);
    }
  }
  EXPECT_EQ(VerifyAddress::parse("nginx@127.0.0.1:9001").value().to_text(), "127.0.0.1:9001");
  for (const char* text : {"caddy@127.0.0.1:9001", "@127.0.0.1:9001", "envoy@", "ENVOY@127.0.0.1:9001"}) {
    EXPECT_FALSE(VerifyAddress::parse(text).has_value()) << text;
  }
}

LoadedSettings loaded_from(const std::string& text, std::vector<const char*> flags = {}) {
  const test::TemporaryDirectory directory;
  const std::string file = directory / "latchkeyd.toml";
  std::ofstream(file) << text;
  flags.insert(flags.begin(), {"latchkeyd", "--config", file.c_str()});
  return load_settings(static_cast<int>(flags.size()), flags.data(), {});
}

TEST(VerifyListen, IsAListOfAddressesAndTables) {
  const std::string wanted[] = {"127.0.0.1:9001", "unix:/run/v.sock", "envoy@[::1]:9002",
                                "forward@unix:/run/f.sock"};
  for (
      const std::string text :
      {"verify_listen = ['127.0.0.1:9001', 'unix:/run/v.sock', {address = '[::1]:9002', as = 'envoy'},\n"
       "  {as = 'forward', address = 'unix:/run/f.sock'}]\n",
       "[[verify_listen]]\naddress = '127.0.0.1:9001'\n[[verify_listen]]\naddress = 'unix:/run/v.sock'\n"
       "as = 'nginx'\n[[verify_listen]]\naddress = '[::1]:9002'\nas = 'envoy'\n[[verify_listen]]\n"
       "address = 'unix:/run/f.sock'\nas = 'forward'\n",
       "verify_listen = ['127.0.0.1:9001', 'unix:/run/v.sock', 'envoy@[::1]:9002', 'forward@unix:/run/f.sock']\n"}) {
    const LoadedSettings loaded = loaded_from(text);
    ASSERT_EQ(loaded.problems, std::vector<std::string>{}) << text;
    ASSERT_EQ(loaded.settings.verify_listen.size(), 4U) << text;
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_EQ(loaded.settings.verify_listen[i].to_text(), wanted[i]) << text;
    // What --print-config prints is read as the same.
    EXPECT_EQ(loaded_from(config_text(loaded.settings)).settings.verify_listen,
              loaded.settings.verify_listen);
  }
  const LoadedSettings by_flags = loaded_from(
      "", {"--verify-listen", "127.0.0.1:9001,unix:/run/v.sock", "--verify-listen=envoy@[::1]:9002"});
  EXPECT_EQ(by_flags.settings.verify_listen.size(), 3U);
}

TEST(VerifyListen, ATableThatHoldsAnythingElseIsAProblem) {
  for (const std::string table :
       {"{}", "{as = 'envoy'}", "{address = 1}", "{address = '127.0.0.1:1', as = 'caddy'}",
        "{address = '127.0.0.1:1', as = 2}", "{address = '127.0.0.1:1', family = 'envoy'}"}) {
    const LoadedSettings loaded = loaded_from("verify_listen = ['127.0.0.1:9', " + table + "]\n");
    ASSERT_EQ(loaded.problems.size(), 1U) << table;
    EXPECT_NE(loaded.problems[0].find(":1: verify_listen: "), std::string::npos) << loaded.problems[0];
  }
}

TEST(ListenSettings, NameNoSocketTwice) {
  for (const std::string text :
       {"listen = ['unix:/run/a.sock', 'unix:/run//a.sock']\n",
        "listen = '127.0.0.1:1'\nverify_listen = '127.0.0.1:1'\n",
        "verify_listen = ['unix:/run/a.sock', {address = 'unix:/run/a.sock', as = 'envoy'}]\n",
        "listen = 'unix:/run/a.sock'\nadmin_socket = '/run/a.sock'\n"}) {
    EXPECT_EQ(loaded_from(text).problems.size(), 1U) << text;
  }
}

TEST(ListenSettings, AModeIsOctalAndTheOwnersAtLeast) {
  for (const auto& [text, mode] : {std::pair{"0600", 0600U}, {"660", 0660U}, {"0777", 0777U}}) {
    const LoadedSettings loaded = loaded_from(std::string("unix_mode = '") + text + "'\n");
    EXPECT_EQ(loaded.problems, std::vector<std::string>{}) << text;
    EXPECT_EQ(loaded.settings.unix_mode, mode);
  }
  for (const char* text : {"", "0060", "0460", "1660", "0668", "rw", "-1", "99999999999999"}) {
    EXPECT_EQ(loaded_from(std::string("unix_mode = '") + text + "'\n").problems.size(), 1U) << text;
  }
}

TEST(IsPublic, IsEveryAddressButThoseOfThisMachineAndOfANetworkOfOnesOwn) {
  const auto is_public_text = [](std::string_view text) { return is_public(*net::IpAddress::parse(text)); };
  for (const char* const text : {"127.0.0.1", "::1", "10.1.2.3", "172.31.0.1", "192.168.1.1", "169.254.1.1",
                                 "100.64.0.1", "fd00::1", "fe80::1", "::ffff:10.0.0.1"})
    EXPECT_FALSE(is_public_text(text)) << text;
  for (const char* const text : {"0.0.0.0", "::", "8.8.8.8", "172.32.0.1", "192.0.2.1", "2001:db8::1"})
    EXPECT_TRUE(is_public_text(text)) << text;
}

}  // namespace
}  // namespace latchkey::server
