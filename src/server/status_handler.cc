#include "server/status_handler.h"

#include <fmt/format.h>

#include <atomic>
#include <cstddef>

#include "latchkey/api/answers.h"
#include "latchkey/base/json_writer.h"
#include "latchkey/http/negotiation.h"

namespace latchkey::server {

namespace {

constexpr std::string_view kMethods = "GET, HEAD";
constexpr std::string_view kTextType = "text/plain; charset=utf-8";

constexpr std::string_view kReady = "ready";
constexpr std::string_view kDegraded = "degraded";
constexpr std::string_view kStuck = "stuck";
constexpr std::string_view kRefusedByDisk = "refused: the disk refused the last commit";

bool asks_for_health(std::string_view path) noexcept { return path == "/healthz" || path == "/livez"; }
bool asks_for_readiness(std::string_view path) noexcept { return path == "/readyz"; }

constexpr std::string_view kMetricsPath = "/metrics";

bool is_verbose(const http::RequestHead& head) noexcept {
  return http::find_query_parameter(head.query, "verbose").has_value();
}

/// Probes come every few seconds, and each wants the answer of this moment.
http::ResponseWriter& begin(http::Exchange& exchange, int status) {
  return exchange.response.status(status)
      .header("Cache-Control", "no-store")
      .header("X-Content-Type-Options", "nosniff");
}

}  // namespace

bool StatusHandler::answer_now(http::Exchange& exchange) {
  const http::RequestHead& head = exchange.head;
  if (head.method != http::Method::kGet && head.method != http::Method::kHead) {
    refuse(exchange, 405, "This listener answers GET and HEAD.");
    return true;
  }
  if (asks_for_health(head.path)) {
    answer_health(exchange);
    return true;
  }
  if (!asks_for_readiness(head.path) && head.path != kMetricsPath) {
    refuse(exchange, 404, "Not found. Here are /healthz, /readyz and /metrics.");
    return true;
  }
  // The cores have a part in both answers, unless they do not run yet.
  if (stage_ != Stage::kLoading) return false;
  asks_for_readiness(head.path) ? answer_readiness(exchange) : answer_metrics(exchange);
  return true;
}

runtime::Task<void> StatusHandler::answer(http::Exchange& exchange) {
  co_await pulse_.beat();
  asks_for_readiness(exchange.head.path) ? answer_readiness(exchange) : answer_metrics(exchange);
}

std::string_view StatusHandler::allow(const http::RequestHead&) noexcept { return kMethods; }

// That it is answered is the answer.
void StatusHandler::answer_health(http::Exchange& exchange) const {
  const bool verbose = is_verbose(exchange.head);
  begin(exchange, 200)
      .body(verbose ? kTextType : api::kJsonType,
            verbose ? "ok\nloop: the main thread's turns\n" : R"({"status":"ok"})", loop_.now());
}

// A disk that refuses takes no check along: checks go on from memory (P-5).
std::string_view StatusHandler::status_of_all() const noexcept {
  if (stage_ == Stage::kLoading) return "loading";
  if (stage_ == Stage::kDraining) return "draining";
  for (std::size_t core = 0; core < pulse_.cores(); ++core) {
    if (pulse_.is_stuck(core)) return kStuck;
  }
  return store_.is_refusing.load(std::memory_order_relaxed) ? kDegraded : kReady;
}

void StatusHandler::answer_readiness(http::Exchange& exchange) const {
  const std::string_view status = status_of_all();
  const bool verbose = is_verbose(exchange.head);
  begin(exchange, is_ready() ? 200 : 503)
      .body(verbose ? kTextType : api::kJsonType, verbose ? readiness_text(status) : readiness_json(status),
            loop_.now());
}

bool StatusHandler::is_ready() const noexcept {
  const std::string_view status = status_of_all();
  return status == kReady || status == kDegraded;
}

void StatusHandler::answer_metrics(http::Exchange& exchange) const {
  metrics_.is_ready = is_ready();
  metrics_.is_draining = stage_ == Stage::kDraining;
  begin(exchange, 200).body(kMetricsType, metrics_text(metrics_), loop_.now());
}

std::string StatusHandler::readiness_json(std::string_view status) const {
  JsonWriter json;
  json.begin_object();
  json.member("status", status);
  if (status == kDegraded) json.member("logins", kRefusedByDisk);
  if (status == kStuck) {
    json.begin_array("cores");
    for (std::size_t core = 0; core < pulse_.cores(); ++core) {
      if (pulse_.is_stuck(core)) json.element(core);
    }
    json.end();
  }
  json.end();
  return json.take();
}

std::string StatusHandler::age_of(BootTime when) const {
  if (when == BootTime{}) return "never";
  const std::int64_t ms = (loop_.now() - when).count();
  return fmt::format("{}.{:03} s ago", ms / 1000, ms % 1000);
}

std::string StatusHandler::readiness_text(std::string_view status) const {
  std::string text = fmt::format("{}\n", status);
  for (std::size_t core = 0; core < pulse_.cores(); ++core) {
    const Pulse::Beat& beat = pulse_.of_core(core);
    text += fmt::format("core {}: answered {}", core, age_of(beat.answered));
    text += beat.is_owed ? fmt::format(", asked {}\n", age_of(beat.asked)) : "\n";
  }
  text += fmt::format("store: {}committed {}\n",
                      store_.is_refusing.load(std::memory_order_relaxed) ? "the disk refuses, " : "",
                      age_of(BootTime{store_.last_commit_ms.load(std::memory_order_relaxed)}));
  return text;
}

void StatusHandler::refuse(http::Exchange& exchange, int status, std::string_view detail) const {
  begin(exchange, status)
      .header("Allow", kMethods)
      .body(api::kJsonType, api::detail_json(detail), loop_.now());
}

}  // namespace latchkey::server
