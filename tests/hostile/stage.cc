#include "hostile/stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace latchkey::test {

namespace {

constexpr const char* kBehind = "/behind/the/case";

SharedServer& server_with(std::vector<std::string> flags) {
  return SharedServer::add([flags = std::move(flags)] {
    ServerOptions options;
    options.flags = flags;
    return std::make_unique<OwnServer>(options);
  });
}

SharedServer& patient = server_with({"--proxy-listen", "127.0.0.1:0"});
SharedServer& impatient =
    server_with({"--header-timeout", "300ms", "--body-timeout", "300ms", "--proxy-listen", "127.0.0.1:0"});

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

}  // namespace

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
  const std::string bytes = hostile.bytes + get(kBehind);
  for (const Delivery& delivery : kDeliveries) {
    SCOPED_TRACE(delivery.name);
    HttpClient client(port_);
    delivery.send(client, bytes);
    const Response response = client.receive();
    EXPECT_EQ(response.status, hostile.status);
    EXPECT_EQ(response.body, detail(hostile.reason));
    EXPECT_EQ(response.value("Connection"), "close");
    EXPECT_TRUE(client.is_closed_by_server()) << "what stands behind was read as a request";
  }
}

void HostileTable::expect_answered() {
  const HostileCase& hostile = GetParam();
  for (const Delivery& delivery : kDeliveries) {
    SCOPED_TRACE(delivery.name);
    HttpClient client(port_);
    delivery.send(client, hostile.bytes + get(kBehind));
    const Response response = client.receive();
    EXPECT_EQ(response.status, hostile.status) << response.body;
    const Response behind = client.receive();
    EXPECT_EQ(behind.status, 404) << behind.body;
    client.finish_sending();
    EXPECT_TRUE(client.is_closed_by_server()) << "more answers than requests";
  }
}

std::string said_until_closed(std::uint16_t port, std::string_view bytes) {
  HttpClient client(port);
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
