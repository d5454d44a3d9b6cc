#include "core_rig.h"

#include <valgrind/callgrind.h>

#include <cstdlib>
#include <utility>

#include "fed_stream.h"
#include "latchkey/server/core_ring.h"

namespace latchkey::cost {

namespace {

runtime::Task<void> serve(http::Connection& connection, bool& ended) {
  auto serving = connection.serve();
  co_await serving;
  ended = true;
}

/// Makes valgrind log how many instructions it has counted so far. A dump of its profile would take as long
/// as a hundred requests.
void mark(const std::string& name) {
  VALGRIND_PRINTF("stretch of %s\n", name.c_str());
  VALGRIND_MONITOR_COMMAND("status internal");
}

int last_status(std::string_view sent) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  const std::size_t at = sent.rfind(kVersion);
  return at == std::string_view::npos ? 0
                                      : std::atoi(std::string(sent.substr(at + kVersion.size(), 3)).c_str());
}

}  // namespace

CostRig::CostRig(const api::ApiSettings& settings)
    : parts_({.max_tokens = 1000, .max_tombstones = 1000, .api = settings}),
      buffers_(bench::value_or_exit(
          runtime::BufferRing::create(parts_.loop.ring(), FedStream::kBuffers, server::kBufferBytes))),
      connection_services_{parts_.loop, connection_settings_, parts_.lines, *parts_.api, parts_.log} {
  parts_.mailbox.port(0).set_doorbell(&doorbell_);
  parts_.shard_rig.quiescence.activate(0);
}

CostRig::~CostRig() { parts_.shard_rig.quiescence.rest(0); }

Outcome CostRig::exchange(std::string_view bytes, const std::string& name) {
  FedStream stream(*buffers_);
  http::Connection connection(stream, connection_services_, {parts_.peer}, nullptr);
  bool ended = false;
  runtime::Nursery nursery;
  nursery.spawn(serve(connection, ended));
  stream.feed(bytes);
  bool goes_on = true;
  while (goes_on) {
    stream.collect();
    if (!name.empty()) mark(name);
    goes_on = stream.is_due();
    if (goes_on) {
      stream.resume();
    } else {
      goes_on = parts_.mailbox.port(0).drain() > 0 || parts_.turns.take();
    }
    if (goes_on && !name.empty()) mark(name);
  }
  const std::string sent = stream.take_sent();
  Outcome outcome{last_status(sent), sent.size(), !ended && !stream.is_receiving()};
  stream.end();
  while (stream.is_due()) stream.resume();
  return outcome;
}

}  // namespace latchkey::cost
