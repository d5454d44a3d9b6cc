// Each bound that a client can meet moves its series, and no other, by what was refused (P-14).
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "integration/probe/probe_page.h"
#include "integration/probe/spin.h"
#include "latchkey/base/sanitized.h"
#include "support/admin_listen.h"
#include "support/control_page.h"
#include "support/rig.h"
#include "support/scrape.h"

namespace latchkey::test {
namespace {

std::string bound(const std::string& name) { return "latchkey_refused_total{bound=\"" + name + "\"}"; }

/// Scrapes until the series has this value, or patience ends.
void expect_to_become(ServerProcess& server, const std::string& series, double value) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  double found = Scrape(admin_port(server))[series];
  while (found != value && std::chrono::steady_clock::now() < end) found = Scrape(admin_port(server))[series];
  EXPECT_EQ(found, value) << series;
}

/// Expects this bound to have been met so often, and no other bound at all.
void expect_only(ServerProcess& server, const std::string& name, double times = 1) {
  expect_to_become(server, bound(name), times);
  const Scrape scrape(admin_port(server));
  EXPECT_EQ(scrape.sum("latchkey_refused_total"), times) << scrape.text();
}

Response ping(HttpClient& client) { return client.request("GET", "/api/v2/ping/"); }

/// Whether the server closes the connection without a word.
bool is_turned_away(const Door& door) {
  try {
    HttpClient client(door);
    return ping(client).status != 200;
  } catch (const ClientError&) {
    return true;
  }
}

TEST(Bounds, OfConnectionsInAllAndOfOneAddressAreCounted) {
  OwnServer all(measured({"--connections", "1"}));
  HttpClient inside(all.process.port());
  EXPECT_EQ(ping(inside).status, 200);
  EXPECT_TRUE(is_turned_away(all.process.port()));
  expect_only(all.process, "connections");
  const Scrape levels(admin_port(all.process));
  EXPECT_EQ(levels["latchkey_connections{listener=\"plain\"}"], 1);
  EXPECT_EQ(levels["latchkey_connections_limit"], 1);
  EXPECT_EQ(levels["latchkey_connections_accepted_total{listener=\"plain\"}"], 1);

  OwnServer one(measured({"--connections-by-address", "1", "--counted-networks", "127.0.0.0/8"}));
  HttpClient first(one.process.port());
  EXPECT_EQ(ping(first).status, 200);
  EXPECT_TRUE(is_turned_away(one.process.port()));
  expect_only(one.process, "connections_by_address");
}

TEST(Bounds, OfDescriptorsAreCounted) {
  if (kAddressSanitized) GTEST_SKIP() << "the sanitizer needs descriptors itself";
  ServerOptions options = measured();
  options.descriptors = 96;
  OwnServer server(options);
  std::vector<HttpClient> clients;
  bool is_full = false;
  for (int i = 0; i < 96 && !is_full; ++i) {
    clients.emplace_back(server.process.port());
    try {
      is_full = ping(clients.back()).status != 200;
    } catch (const ClientError&) {
      is_full = true;
    }
  }
  EXPECT_TRUE(is_full);
  expect_only(server.process, "descriptors");
  const Scrape scrape(admin_port(server.process));
  EXPECT_EQ(scrape["process_max_fds"], 96);
  EXPECT_GE(scrape["process_open_fds"], 96 - 17);
}

TEST(Bounds, OfAHeadABodyAndTheSyntaxAreCounted) {
  const std::map<std::string, std::string> requests = {
      {"head_limit", "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n"},
      {"body_limit", "POST /api/v2/authtoken/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 70000\r\n\r\n"},
      {"syntax", "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n"},
  };
  for (const auto& [name, bytes] : requests) {
    OwnServer server(measured());
    HttpClient client(server.process.port());
    client.send(bytes);
    EXPECT_GE(client.receive().status, 400) << name;
    expect_only(server.process, name);
    EXPECT_EQ(Scrape(admin_port(server.process)).sum("latchkey_http_requests_total", "resource=\"none\""), 1)
        << name;
  }
}

TEST(Bounds, OfTimeAreCounted) {
  const std::string short_time = "100ms";
  {
    OwnServer server(measured({"--header-timeout", short_time}));
    HttpClient client(server.process.port());
    client.send("GET / HTTP/1.1\r\nHost:");
    EXPECT_EQ(client.receive().status, 408);
    expect_only(server.process, "header_timeout");
  }
  {
    OwnServer server(measured({"--body-timeout", short_time}));
    HttpClient client(server.process.port());
    client.send("POST /api/v2/authtoken/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{");
    EXPECT_EQ(client.receive().status, 408);
    expect_only(server.process, "body_timeout");
  }
  {
    OwnServer server(measured({"--idle-timeout", short_time}));
    HttpClient client(server.process.port());
    EXPECT_EQ(ping(client).status, 200);
    EXPECT_TRUE(client.is_closed_by_server());
    expect_only(server.process, "idle_timeout");
  }
  {
    OwnServer server(measured({"--write-timeout", short_time}));
    HttpClient client(server.process.port());
    std::string train;
    for (int i = 0; i < 3000; ++i) train += request_bytes("GET", "/api/openapi.json");
    client.send(train);
    expect_only(server.process, "write_timeout");
  }
}

TEST(Bounds, OfTheProxyProtocolAreCounted) {
  OwnServer server(measured({"--proxy-listen", "127.0.0.1:0"}));
  HttpClient client(server.process.proxy_port());
  client.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.read_to_end(), "");
  expect_only(server.process, "proxy_protocol");
  EXPECT_EQ(Scrape(admin_port(server.process))["latchkey_connections_accepted_total{listener=\"proxy\"}"], 1);
}

TEST(Bounds, OfTheHashQueueAreCountedAsOftenAsALoginIsRefused) {
  ServerOptions options = measured({"--hash-threads", "1", "--hash-queue", "1"});
  options.cheap_hashes = false;
  OwnServer server(options);
  constexpr int kClients = 16;
  std::atomic<int> refused = 0;
  at_once(kClients, [&](std::size_t i) {
    HttpClient client(server.process.port());
    if (log_in(client, std::to_string(i)).status == 503) ++refused;
  });
  EXPECT_GE(refused, 1);
  expect_only(server.process, "hash_queue", refused);
  const Scrape scrape(admin_port(server.process));
  EXPECT_EQ(scrape["latchkey_hash_refused_total"], refused);
  EXPECT_EQ(scrape.sum("latchkey_logins_total", "result=\"overloaded\""), refused);
  EXPECT_EQ(scrape.sum("latchkey_logins_total", "result=\"new\""), kClients - refused);
  EXPECT_EQ(scrape["latchkey_hash_queue_limit"], 1);
}

TEST(Bounds, OfTokensAreCounted) {
  // The least that the setting takes; a core has one more.
  OwnServer server(measured({"--tokens", "1000"}));
  HttpClient client(server.process.port());
  for (int i = 0; i < 1001; ++i) ASSERT_EQ(log_in(client, std::to_string(i)).status, 200) << i;
  EXPECT_EQ(log_in(client, "one more").status, 503);
  expect_only(server.process, "tokens");
  const Scrape scrape(admin_port(server.process));
  EXPECT_EQ(scrape["latchkey_tokens"], 1001);
  EXPECT_EQ(scrape["latchkey_tokens_limit"], 1000);
}

TEST(Bounds, OfTheLogAreCounted) {
  OwnServer server(measured());
  HttpClient client(server.process.port());
  server.process.hold_log();
  int status = 200;
  for (int i = 0; i < 20'000 && status == 200; ++i) status = log_in(client, "filler").status;
  EXPECT_EQ(status, 503);
  expect_only(server.process, "log");
  server.process.read_log();
}

TEST(Bounds, OfMessagesBetweenThreadsAreCountedAsOftenAsARequestIsRefused) {
  if (kSanitized) GTEST_SKIP() << "the probe and the sanitizers replace the same functions";
  const TemporaryDirectory directory;
  ControlPage<ProbePage> page(directory / "page");
  ServerOptions options = measured();
  options.environment = page.environment("SANDBOX_PROBE_LIBRARY", kProbePageVariable);
  OwnServer server(options);
  HttpClient client(server.process.port());
  const std::string token = obtain_token(client, "browser");
  spin_thread(page, server.process.pid(), "store");
  // As many as may be on their way to the store, and ten more.
  constexpr int kWay = 1024;
  std::vector<HttpClient> askers;
  for (int i = 0; i < kWay + 10; ++i) {
    askers.emplace_back(server.process.port());
    askers.back().send(request_bytes("GET", "/api/v2/me/tokens/",
                                     {{"Authorization", "Token " + token}, {"User-Agent", "browser"}}));
  }
  expect_to_become(server.process, bound("messages"), 10);
  EXPECT_EQ(Scrape(admin_port(server.process))["latchkey_store_queue_length"], kWay);
  page->task = ProbeTask::kNone;
  int refused = 0;
  for (HttpClient& asker : askers) refused += asker.receive().status == 503 ? 1 : 0;
  EXPECT_EQ(refused, 10);
  expect_only(server.process, "messages", refused);
}

TEST(Bounds, OfFailedLoginsAreCountedByWhatRefusesThem) {
  ServerOptions options = measured({"--login-failures-by-user", "1", "--login-failures-by-address", "3",
                                    "--trusted-proxy", "127.0.0.0/8"});
  options.throttle = true;
  OwnServer server(options);
  HttpClient client(server.process.port());
  const auto try_from = [&client](const std::string& address, const std::string& name) {
    return post_login(client, login_json(name, "wrong"),
                      {{"Content-Type", kJsonType}, {"X-Forwarded-For", address}, {"User-Agent", "c"}})
        .status;
  };
  const auto throttled = [&server](const std::string& by) {
    return Scrape(admin_port(server.process))["latchkey_throttled_total{by=\"" + by + "\"}"];
  };
  EXPECT_EQ(try_from("192.0.2.1", "alice"), 400);
  EXPECT_EQ(try_from("192.0.2.1", "alice"), 429);
  EXPECT_EQ(throttled("pair"), 1);
  EXPECT_EQ(try_from("192.0.2.2", "alice"), 429);
  EXPECT_EQ(throttled("user"), 1);
  EXPECT_EQ(try_from("192.0.2.1", "bob"), 400);
  EXPECT_EQ(try_from("192.0.2.1", "carol"), 400);
  EXPECT_EQ(try_from("192.0.2.1", "dave"), 429);
  EXPECT_EQ(throttled("address"), 1);
  const Scrape scrape(admin_port(server.process));
  EXPECT_EQ(scrape.sum("latchkey_throttled_total"), 3);
  EXPECT_EQ(scrape.sum("latchkey_logins_total", "result=\"throttled\""), 3);
  EXPECT_EQ(scrape["latchkey_login_refusals_total{reason=\"wrong_password\"}"], 1);
  EXPECT_EQ(scrape["latchkey_login_refusals_total{reason=\"unknown_user\"}"], 2);
}

/// For each setting that bounds something, the series that shows that the bound was met; empty if it bounds
/// nothing that a client meets.
const std::map<std::string, std::string>& series_of_settings() {
  static const std::map<std::string, std::string> series = {
      {"tokens", bound("tokens")},
      {"tokens_per_user", "latchkey_sessions_ended_total{reason=\"limit\"}"},
      {"tombstones", "latchkey_tombstones_cut_total"},
      {"token_timeout", "latchkey_sessions_ended_total{reason=\"timeout\"}"},
      {"body_limit", bound("body_limit")},
      {"head_limit", bound("head_limit")},
      {"header_timeout", bound("header_timeout")},
      {"body_timeout", bound("body_timeout")},
      {"idle_timeout", bound("idle_timeout")},
      {"write_timeout", bound("write_timeout")},
      {"connections", bound("connections")},
      {"connections_by_address", bound("connections_by_address")},
      {"hash_queue", bound("hash_queue")},
      {"login_failures_by_user", "latchkey_throttled_total{by=\"user\"}"},
      {"login_failures_by_address", "latchkey_throttled_total{by=\"address\"}"},
      {"refresh_rows_per_second", "latchkey_store_oldest_refresh_seconds"},
      {"proxy_listen", bound("proxy_protocol")},
  };
  return series;
}

/// Settings that bound nothing that clients meet.
const std::set<std::string>& other_settings() {
  static const std::set<std::string> others = {
      "listen",       "verify_listen", "unix_mode",        "unix_group",           "keep_sockets",
      "data",         "create",        "key_file",         "admin_socket",         "admin_listen",
      "cores",        "node",          "log_level",        "admin_group",          "log_format",
      "audit_log",    "access_log",    "access_log_lines", "trusted_proxy",        "forwarded_source",
      "bind_address", "bind_agent",    "session_text",     "bind_ipv4_prefix",     "bind_ipv6_prefix",
      "basic",        "verify_basic",  "cookie_name",      "cookie_same_site",     "secure_cookies",
      "user_field",   "groups_field",  "name_field",       "email_field",          "show_version",
      "sandbox",      "allow_root",    "drain_timeout",    "drain_delay",          "counted_networks",
      "hash_memory",  "hash_passes",   "hash_threads",     "login_failures_window"};
  return others;
}

TEST(Bounds, EverySettingThatBoundsSomethingHasASeries) {
  OwnServer server(measured());
  const Scrape scrape(admin_port(server.process));
  ChildOptions print;
  print.arguments = {std::getenv("LATCHKEYD"), "--print-config"};
  std::istringstream config(run_to_end(print).output);
  int bounds = 0;
  for (std::string line; std::getline(config, line);) {
    const std::size_t equals = line.find(" = ");
    if (line.starts_with('#') || equals == std::string::npos) continue;
    const std::string key = line.substr(0, equals);
    const auto found = series_of_settings().find(key);
    if (found == series_of_settings().end()) {
      EXPECT_TRUE(other_settings().contains(key)) << key << ": which series shows that its bound was met?";
    } else {
      EXPECT_TRUE(scrape.samples().contains(found->second)) << found->second;
      ++bounds;
    }
  }
  EXPECT_EQ(bounds, static_cast<int>(series_of_settings().size()));
}

}  // namespace
}  // namespace latchkey::test
