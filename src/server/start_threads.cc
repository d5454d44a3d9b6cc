#include "server/start_threads.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "latchkey/credential/stored_kinds.h"
#include "latchkey/net/socket_stream.h"
#include "latchkey/runtime/ring.h"
#include "server/fatal_end.h"
#include "server/status_listener.h"

namespace latchkey::server {

namespace {

// The main thread reads signals, writes to the service manager, and serves the connections of `admin_listen`.
// It answers those by writes too: a send could name another peer for the manager's socket.
constexpr std::array<std::uint8_t, 7> kControlOperations = {
    IORING_OP_READ,   IORING_OP_WRITE, IORING_OP_MSG_RING, IORING_OP_ASYNC_CANCEL,
    IORING_OP_ACCEPT, IORING_OP_RECV,  IORING_OP_CLOSE};
constexpr unsigned kControlEntries = 128;
// Small and many: clients of `admin_listen` that send without reading fill their queues, and still leave
// most.
constexpr unsigned kControlBuffers = 512;
static_assert(kControlBuffers >= 2 * StatusListener::kMaxConnections * net::SocketStream::kEnoughQueued);
constexpr unsigned kControlBuffersOfNobody = 2;
constexpr std::size_t kControlBufferBytes = 1024;

// Unfinished messages from one thread to another; beyond this a client gets 503. A server with few threads
// can afford more.
constexpr std::size_t kFewPorts = 32;
constexpr std::size_t kMessagesOfFew = 1024;
constexpr std::size_t kMessagesOfMany = 256;

std::size_t messages_of(std::size_t ports) noexcept {
  return ports <= kFewPorts ? kMessagesOfFew : kMessagesOfMany;
}

Result<std::unique_ptr<runtime::Ring>> make_control_ring() {
  runtime::RingSettings settings;
  settings.submission_entries = kControlEntries;
  settings.completion_entries = kControlEntries * 2;
  settings.operations = kControlOperations;
  settings.fixed_file = true;
  return runtime::Ring::create(settings);
}

Result<std::vector<std::unique_ptr<runtime::Worker>>> make_hash_workers(const Ports& ports,
                                                                        runtime::Mailbox& mailbox,
                                                                        credential::HashPool& hash_pool) {
  std::vector<std::unique_ptr<runtime::Worker>> made;
  const auto make = [&](runtime::PortId port, std::string name) -> Result<void> {
    LATCHKEY_TRY(auto worker, runtime::Worker::create(mailbox.port(port), std::move(name), hash_pool));
    made.push_back(std::move(worker));
    return {};
  };
  for (std::size_t number = 0; number < ports.hash_workers(); ++number) {
    LATCHKEY_TRY(make(ports.hash_worker(number), fmt::format("hash-{}", number)));
  }
  for (std::size_t number = 0; number < ports.standbys(); ++number) {
    LATCHKEY_TRY(make(ports.standby(number), fmt::format("standby-{}", number)));
  }
  return made;
}

}  // namespace

Result<std::unique_ptr<credential::HashPool>> make_hash_pool(StartContext& start, store::Database& database,
                                                             Log& log) {
  const Ports& ports = start.ports;
  std::vector<runtime::PortId> workers;
  for (std::size_t i = 0; i < ports.hash_workers(); ++i) workers.push_back(ports.hash_worker(i));
  std::vector<runtime::PortId> standbys;
  for (std::size_t i = 0; i < ports.standbys(); ++i) standbys.push_back(ports.standby(i));
  const credential::HashSettings settings{start.settings.hash_memory_bytes,
                                          static_cast<std::uint32_t>(start.settings.hash_passes)};
  LATCHKEY_TRY(auto pool, credential::HashPool::create(settings, std::move(workers), standbys, start.random,
                                                       start.clock));
  LATCHKEY_TRY(credential::measure_stored_kinds(database, pool->refusal_step(), start.clock, log));
  return pool;
}

Result<Threads> make_threads(const StartContext& start, const store::DataDirectory& directory,
                             store::Database database, ManagerSocket manager_socket,
                             credential::HashPool& hash_pool, Log& log) {
  const Ports& ports = start.ports;
  auto mailbox = std::make_unique<runtime::Mailbox>(ports.count(), messages_of(ports.count()));
  LATCHKEY_TRY(std::unique_ptr<runtime::Ring> ring, make_control_ring());
  const unsigned count = start.settings.admin_listen.empty() ? kControlBuffersOfNobody : kControlBuffers;
  LATCHKEY_TRY(auto buffers, runtime::BufferRing::create(*ring, count, kControlBufferBytes));
  LATCHKEY_TRY(auto manager, ServiceManager::create(std::move(manager_socket), *ring, start.clock, log));
  auto control =
      std::make_unique<runtime::Loop>(std::move(ring), mailbox->port(ports.control()), start.clock);

  runtime::Port& store_port = mailbox->port(ports.store());
  auto store = std::make_unique<store::StoreThread>(
      std::move(database), store_port, start.clock, log,
      [&directory](const Error& error) { end_at_once(directory, error); });
  LATCHKEY_TRY(auto store_worker, runtime::Worker::create(store_port, "store", *store));
  LATCHKEY_TRY(auto hash_workers, make_hash_workers(ports, *mailbox, hash_pool));
  return Threads{.mailbox = std::move(mailbox),
                 .manager = std::move(manager),
                 .control_buffers = std::move(buffers),
                 .control = std::move(control),
                 .store = std::move(store),
                 .store_worker = std::move(store_worker),
                 .hash_workers = std::move(hash_workers)};
}

}  // namespace latchkey::server
