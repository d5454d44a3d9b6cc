#include "hostile/stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <utility>

#include "support/admin_listen.h"

namespace latchkey::test {

namespace {

constexpr const char* kBehind = "/behind/the/case";

/// As a setting names it; empty if the listener is none for questions.
std::string family_of(At at) {
  if (at == At::kNginxTcp || at == At::kNginxUnix) return "nginx";
  if (at == At::kForwardTcp || at == At::kForwardUnix) return "forward";
  return at == At::kEnvoyTcp || at == At::kEnvoyUnix ? "envoy" : "";
}

bool is_unix(At at) {
  return at == At::kUnix || at == At::kNginxUnix || at == At::kForwardUnix || at == At::kEnvoyUnix;
}

std::string socket_of(At at) { return name_of(at) + ".sock"; }

/// One listener of each kind, and one for the PROXY protocol.
SharedServer& server_with(std::vector<std::string> flags) {
  flags.insert(flags.end(),
               {"--proxy-listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"});
  for (const At at : kEveryListener) {
    const std::string where = is_unix(at) ? "unix:DIRECTORY/" + socket_of(at) : "127.0.0.1:0";
    if (asks(at)) flags.insert(flags.end(), {"--verify-listen", family_of(at) + "@" + where});
    if (at == At::kUnix) flags.insert(flags.end(), {"--listen", where});
  }
  return SharedServer::add([flags = std::move(flags)] {
    ServerOptions options;
    options.flags = flags;
    return std::make_unique<OwnServer>(options);
  });
}

SharedServer& patient = server_with({});
SharedServer& impatient = server_with({"--header-timeout", "300ms", "--body-timeout", "300ms"});

void send_in_one(HttpClient& client, std::string_view bytes) { client.send(bytes); }

/// Sends single bytes, unless there are many: every cut costs a round through the kernel.
void send_in_pieces(HttpClient& client, std::string_view bytes) {
  constexpr std::size_t kMostPieces = 512;
  const std::size_t piece = bytes.size() / kMostPieces + 1;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
    client.send(bytes.substr(0, piece));
}

struct Delivery {
  const char* name;
  void (*send)(HttpClient& client, std::string_view bytes);
};
constexpr Delivery kDeliveries[] = {{"in one piece", send_in_one}, {"in pieces", send_in_pieces}};

/// Whether the head, if it has any, announces a body by one of the two fields that do.
bool announces_body(const std::string& bytes) {
  std::string head = bytes.substr(0, bytes.find("\r\n\r\n"));
  std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return std::tolower(c); });
  if (head.find("\r\ntransfer-encoding:") != std::string::npos) return true;
  const std::string name = "\r\ncontent-length:";
  const std::size_t at = head.find(name);
  return at != std::string::npos && head.find_first_of("123456789", at) < head.find("\r\n", at + 2);
}

}  // namespace

bool asks(At at) { return !family_of(at).empty(); }

std::string name_of(At at) {
  if (at == At::kAdminListen) return "admin_listen";
  const std::string family = family_of(at);
  return (family.empty() ? "" : "questions_of_" + family + "_") + (is_unix(at) ? "unix" : "tcp");
}

std::string listener_name(const ::testing::TestParamInfo<At>& info) { return name_of(info.param); }

Door door_of(ServerProcess& server, At at) {
  if (at == At::kAdminListen) return admin_port(server);
  if (is_unix(at)) return server.socket(socket_of(at));
  return asks(at) ? server.verify_port(family_of(at)) : server.port();
}

bool is_refusal(int status) { return status == 401 || status == 403; }

void expect_status(At at, int status, const Response& response) {
  if (asks(at)) {
    EXPECT_TRUE(is_refusal(response.status)) << response.status << ' ' << response.body;
  } else {
    EXPECT_EQ(response.status, status) << response.body;
  }
}

HostileCase question(HostileCase hostile) {
  hostile.is_question = true;
  return hostile;
}

std::vector<HostileCase> questions(std::vector<HostileCase> cases) {
  for (HostileCase& hostile : cases) hostile.is_question = true;
  return cases;
}

std::vector<HostileCase> at_admin_listen(const std::vector<HostileCase>& cases) {
  std::vector<HostileCase> all;
  for (HostileCase hostile : cases) {
    hostile.at = At::kAdminListen;
    if (!hostile.is_question) all.push_back(std::move(hostile));
  }
  return all;
}

std::vector<HostileCase> at_every_listener(const std::vector<HostileCase>& cases) {
  std::vector<HostileCase> all;
  for (const At at : kEveryListener) {
    for (HostileCase hostile : cases) {
      hostile.name += "_" + name_of(at);
      hostile.at = at;
      all.push_back(std::move(hostile));
    }
  }
  return all;
}

ServerProcess& patient_server() { return patient.get(); }
ServerProcess& impatient_server() { return impatient.get(); }

Witness::Witness(ServerProcess& server)
    : agent_(own_agent()), client_(server.port()), token_(obtain_token(client_, agent_)) {}

void Witness::expect_served() { EXPECT_EQ(use_token(client_, token_, agent_).status, 200); }

void PrintTo(const HostileCase& hostile, std::ostream* out) {
  *out << ::testing::PrintToString(hostile.bytes);
}

std::string case_name(const ::testing::TestParamInfo<HostileCase>& info) { return info.param.name; }

void HostileTable::expect_refused() {
  const HostileCase& hostile = GetParam();
  if (asks(hostile.at) && hostile.is_question) return expect_asked();
  const std::string bytes = hostile.bytes + get(kBehind);
  for (const Delivery& delivery : kDeliveries) {
    SCOPED_TRACE(delivery.name);
    HttpClient client(door_of(server_, hostile.at));
    delivery.send(client, bytes);
    const Response response = client.receive();
    EXPECT_EQ(response.status, hostile.status);
    EXPECT_EQ(response.body, detail(hostile.reason));
    EXPECT_EQ(response.value("Connection"), "close");
    EXPECT_TRUE(client.is_closed_by_server()) << "what stands behind was read as a request";
  }
}

void HostileTable::expect_asked() {
  const HostileCase& hostile = GetParam();
  const bool is_last = announces_body(hostile.bytes) || hostile.bytes.starts_with("CONNECT ");
  for (const Delivery& delivery : kDeliveries) {
    SCOPED_TRACE(delivery.name);
    HttpClient client(door_of(server_, hostile.at));
    delivery.send(client, hostile.bytes + get(kBehind));
    const Response response = client.receive();
    EXPECT_TRUE(is_refusal(response.status)) << response.status << ' ' << response.body;
    EXPECT_EQ(response.value("Connection"), is_last ? "close" : "");
    if (!is_last) {
      EXPECT_TRUE(is_refusal(client.receive().status)) << "the next request begins where the head ends";
      client.finish_sending();
    }
    EXPECT_TRUE(client.is_closed_by_server()) << "more answers than requests";
  }
}

void HostileTable::expect_answered() {
  const HostileCase& hostile = GetParam();
  if (asks(hostile.at)) return expect_asked();
  for (const Delivery& delivery : kDeliveries) {
    SCOPED_TRACE(delivery.name);
    HttpClient client(door_of(server_, hostile.at));
    delivery.send(client, hostile.bytes + get(kBehind));
    const Response response = client.receive();
    EXPECT_EQ(response.status, hostile.status) << response.body;
    const Response behind = client.receive();
    EXPECT_EQ(behind.status, 404) << behind.body;
    client.finish_sending();
    EXPECT_TRUE(client.is_closed_by_server()) << "more answers than requests";
  }
}

std::string said_until_closed(const Door& door, std::string_view bytes) {
  HttpClient client(door);
  client.send(bytes);
  client.finish_sending();
  return client.read_to_end();
}

std::string ping_with(const std::string& lines, const std::string& body) {
  return std::string("GET ") + kPingPath + " HTTP/1.1\r\nHost: localhost\r\n" + lines + "\r\n" + body;
}

std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

std::string ping_in_chunks(const std::string& chunks) {
  return ping_with("Transfer-Encoding: chunked\r\n", chunks);
}

std::string chunk_of(std::string_view data) { return fmt::format("{:x}\r\n{}\r\n", data.size(), data); }

}  // namespace latchkey::test
