// latchkey-bench: loads a server as the command line says, and reports. Exit status: 0 done, 1 an assertion
// does not hold or nothing could be loaded, 2 wrong usage.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "load/login.h"
#include "load/options.h"
#include "load/report.h"
#include "load/run.h"
#include "load/socket.h"

namespace latchkey::load {

namespace {

// In addition to those of the connections: rings, standard streams, reports.
constexpr std::uint64_t kOtherFiles = 64;

int refuse(std::string_view text) {
  fmt::print(stderr, "latchkey-bench: {}\n", text);
  return kExitBroken;
}

/// Reduces the connections to as many as the system lets this process have, and says so.
void fit_to_open_files(Plan& plan) {
  const std::uint64_t files = raise_open_files(plan.connections + kOtherFiles);
  if (files >= plan.connections + kOtherFiles) return;
  const std::uint64_t connections =
      std::max<std::uint64_t>(files - std::min(files, kOtherFiles), plan.threads);
  fmt::print(
      stderr,
      "latchkey-bench: this process may open {} files: {} connections instead of {} (raise the hard limit "
      "with ulimit -Hn, or LimitNOFILE=)\n",
      files, connections, plan.connections);
  plan.connections = static_cast<std::size_t>(connections);
}

Result<void> write_file(const std::string& path, std::string_view text) {
  if (path == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return {};
  }
  std::FILE* const file = std::fopen(path.c_str(), "we");
  if (file != nullptr) {
    const bool is_written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    const bool is_closed = std::fclose(file) == 0;
    if (is_written && is_closed) return {};
  }
  return failure(ErrorCode::kUnavailable, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
}

Result<void> write_reports(const Plan& plan, const Tally& tally) {
  // A program that reads JSON from standard output must find nothing else there.
  if (plan.json_path != "-") fmt::print("{}", table_report(plan, tally));
  Result<void> written;
  if (!plan.json_path.empty()) written = write_file(plan.json_path, json_report(plan, tally));
  if (written && !plan.html_path.empty()) written = write_file(plan.html_path, html_report(plan, tally));
  return written;
}

Result<Tally> load(Plan& plan) {
  fit_to_open_files(plan);
  Result<void> prepared = reach(plan);
  if (prepared && plan.needs_token()) prepared = obtain_tokens(plan);
  LATCHKEY_TRY(std::move(prepared));
  return run_load(plan, ::isatty(STDERR_FILENO) != 0);
}

int run(Plan plan) {
  const Result<Tally> tally = load(plan);
  if (!tally) return refuse(tally.error().text);
  const Result<void> written = write_reports(plan, *tally);
  if (!written) return refuse(written.error().text);
  int status = kExitDone;
  for (const Assertion& assertion : plan.assertions) {
    const std::optional<std::string> broken = assertion.broken_by(*tally);
    if (broken) status = refuse(*broken);
  }
  return status;
}

}  // namespace

}  // namespace latchkey::load

int main(int argument_count, char** arguments) {
  using namespace latchkey::load;
  // If a report may not grow, one write fails; that is all.
  std::signal(SIGXFSZ, SIG_IGN);
  std::variant<Plan, int> read = read_options(argument_count, arguments, std::cin, std::cout, std::cerr);
  if (const int* const status = std::get_if<int>(&read)) return *status;
  return run(std::move(std::get<Plan>(read)));
}
