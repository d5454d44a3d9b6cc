#include "load/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <istream>
#include <ostream>
#include <string>
#include <utility>

#include "command_line/describe.h"
#include "latchkey/base/hex.h"

namespace latchkey::load {

namespace {

constexpr std::string_view kDefaultTarget = "http://127.0.0.1:8080";
constexpr std::size_t kDefaultIdleConnections = 1000;
constexpr std::array kNamed = {Scenario::kCheck, Scenario::kLogin, Scenario::kMixed,
                               Scenario::kChurn, Scenario::kIdle,  Scenario::kSlow};

constexpr const char* kDescription =
    "Loads an HTTP server and says how fast it answered.\n\n"
    "SCENARIO is one of\n"
    "  check   GET /auth/verify with a token; logs in first with --user, or takes --token or --token-file\n"
    "  login   POST /api/v2/authtoken/, from each connection as another agent\n"
    "  mixed   checks, and among them a share of logins (--login-share)\n"
    "  churn   a login, --checks checks, its deletion, and again\n"
    "  idle    connections that say nothing, and how many the server holds for how long\n"
    "  slow    checks sent a byte at a time (--interval)\n"
    "or a URL, http://host:port/path, of any server.\n";

constexpr const char* kFooter =
    "\nDURATION is a number and its unit: 500us, 1.5ms, 10s, 2m. Requests count that become due after the "
    "warm-up;\n"
    "with --rate their latency is counted from when they were due, whether a connection was free or not.\n\n"
    "Exit status: 0 done, 1 an assertion does not hold or nothing could be loaded, 2 wrong usage.\n\n"
    "  latchkey-bench check --user admin --password-stdin --rate 20000 --assert 'p99<2ms' --assert errors=0";

/// The words of the command line before they are interpreted.
struct Words {
  std::string what;
  std::string target{kDefaultTarget};
  std::string unix_path;
  std::string warmup = "1s";
  std::string duration = "10s";
  std::string timeout = "10s";
  std::string interval = "100ms";
  std::vector<std::string> assertions;
  std::string token_file;
  bool password_stdin = false;
};

void add_load_options(CLI::App& app, Words& words, Plan& plan) {
  app.add_option("SCENARIO", words.what, "A scenario or a URL")->required();
  app.add_option("--target", words.target, "The server of a scenario")
      ->type_name("URL")
      ->capture_default_str();
  app.add_option("--unix", words.unix_path, "Connect to this Unix socket; the URL says what is sent")
      ->type_name("PATH");
  app.add_option("-c,--connections", plan.connections, "Connections, of all threads (64; idle: 1000)")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, Plan::kMostConnections));
  app.add_option("-t,--threads", plan.threads, "Threads (1)")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, Plan::kMostThreads));
  app.add_option("--pipeline", plan.pipeline, "Requests under way on a connection (1)")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, Plan::kMostPipelined));
  app.add_option("-r,--rate", plan.rate, "Open loop: requests per second, of all connections")
      ->type_name("R")
      ->check(CLI::Range(0.001, Plan::kHighestRate));
  app.add_option("--warmup", words.warmup, "Before anything is counted")
      ->type_name("DURATION")
      ->capture_default_str();
  app.add_option("-d,--duration", words.duration, "Of what is counted")
      ->type_name("DURATION")
      ->capture_default_str();
  app.add_option("--timeout", words.timeout, "An answer that takes longer is an error")
      ->type_name("DURATION")
      ->capture_default_str();
  app.add_option("--agent", plan.agent, "User-Agent")->type_name("TEXT")->capture_default_str();
}

void add_scenario_options(CLI::App& app, Words& words, Plan& plan) {
  app.add_option("--user", plan.user, "Who logs in")->type_name("NAME");
  app.add_option("--password", plan.password,
                 "Others see it in the list of processes: prefer --password-stdin")
      ->type_name("TEXT");
  app.add_flag("--password-stdin", words.password_stdin, "Read the password from standard input");
  app.add_option("--token", plan.tokens, "A token for checks, instead of a login")
      ->type_name("TOKEN")
      ->expected(1);
  app.add_option("--token-file", words.token_file, "check: tokens, one a line; each check shows the next")
      ->type_name("FILE");
  app.add_option("--login-share", plan.login_share, "mixed: share of logins, 0 to 1")
      ->type_name("SHARE")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--checks", plan.checks_per_login, "churn: checks of a token before its deletion")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1'000'000}))
      ->capture_default_str();
  app.add_option("--interval", words.interval, "slow: between the bytes of a request")
      ->type_name("DURATION")
      ->capture_default_str();
  app.add_option("-H,--header", plan.header_lines, "A further line of the head, 'Name: value'")
      ->type_name("LINE")
      ->expected(1)
      ->take_all();
  app.add_option("-X,--method", plan.method, "URL: the method")->type_name("METHOD")->capture_default_str();
  app.add_option("--body", plan.body, "URL: the body")->type_name("TEXT");
}

void add_report_options(CLI::App& app, Words& words, Plan& plan) {
  app.add_option("--json", plan.json_path, "Write the results as JSON to FILE (- is standard output)")
      ->type_name("FILE");
  app.add_option("--html", plan.html_path, "Write the results as a page to FILE")->type_name("FILE");
  app.add_option(
         "--assert", words.assertions,
         "What must hold, like 'p99<2ms': p50 p90 p99 p99.9 max mean (of a kind: login.p99) rps errors")
      ->type_name("TEXT")
      ->expected(1)
      ->take_all();
}

tl::unexpected<Error> wrong(std::string text) { return failure(ErrorCode::kInvalid, std::move(text)); }

Result<void> read_duration(std::string_view flag, std::string_view text, std::int64_t least_ns,
                           std::int64_t& into) {
  const Result<std::int64_t> ns = parse_duration_ns(text);
  if (!ns) return wrong(fmt::format("{}: {}", flag, ns.error().text));
  if (*ns < least_ns) {
    return wrong(
        fmt::format("{}: '{}' is shorter than {}", flag, text, duration_text(static_cast<double>(least_ns))));
  }
  into = *ns;
  return {};
}

Result<void> read_durations(const Words& words, Plan& plan) {
  Result<void> read = read_duration("--warmup", words.warmup, 0, plan.warmup_ns);
  if (read) read = read_duration("--duration", words.duration, kNsPerMillisecond, plan.duration_ns);
  if (read) read = read_duration("--timeout", words.timeout, kNsPerMillisecond, plan.timeout_ns);
  if (read) read = read_duration("--interval", words.interval, kNsPerMicrosecond, plan.byte_interval_ns);
  return read;
}

Result<void> read_scenario(const CLI::App& app, const Words& words, Plan& plan) {
  const auto* const named = std::find_if(
      kNamed.begin(), kNamed.end(), [&words](Scenario scenario) { return name_of(scenario) == words.what; });
  const bool is_named = named != kNamed.end();
  if (!is_named && words.what.find("://") == std::string::npos) {
    return wrong(
        fmt::format("'{}' is neither a scenario (check, login, mixed, churn, idle, slow) nor a URL "
                    "(http://host:port/path)",
                    words.what));
  }
  plan.scenario = is_named ? *named : Scenario::kUrl;
  LATCHKEY_TRY(plan.target, parse_target(is_named ? words.target : words.what));
  if (is_named && plan.target.path_and_query != "/") return wrong("--target names a server, without a path");
  if (!is_named && app.count("--target") > 0) return wrong("--target goes with a scenario, not with a URL");
  if (words.unix_path.size() > kMaxSocketPathBytes) {
    return wrong(fmt::format("--unix: a socket's path has at most {} bytes", kMaxSocketPathBytes));
  }
  plan.target.unix_path = words.unix_path;
  if (plan.scenario == Scenario::kIdle && app.count("--connections") == 0) {
    plan.connections = kDefaultIdleConnections;
  }
  return {};
}

bool has_control(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<void> check_texts(const Plan& plan) {
  const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-'; };
  if (plan.method.empty() || !std::all_of(plan.method.begin(), plan.method.end(), is_letter)) {
    return wrong(fmt::format("'{}' is no method", plan.method));
  }
  if (has_control(plan.agent)) return wrong("--agent holds a control character");
  for (const std::string& line : plan.header_lines) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || colon == 0 || has_control(line) || line.find(' ') < colon) {
      return wrong(fmt::format("-H: '{}' is no line of a head; write 'Name: value'", line));
    }
  }
  for (const std::string& token : plan.tokens) {
    if (token.empty() || has_control(token)) return wrong("--token is empty or holds a control character");
  }
  return {};
}

Result<void> read_token_file(const Words& words, Plan& plan) {
  if (words.token_file.empty()) return {};
  std::ifstream file(words.token_file);
  if (!file)
    return wrong(fmt::format("--token-file: cannot read {}: {}", words.token_file, std::strerror(errno)));
  for (std::string line; std::getline(file, line);) {
    TokenDigits digits{};
    if (line.size() != digits.size() || lower_hex_digits_at_front(line) != digits.size()) {
      return wrong(fmt::format("--token-file: line {} of {} is no token: 40 digits 0-9 and a-f are expected",
                               plan.tokens_by_turns.size() + 1, words.token_file));
    }
    if (plan.tokens_by_turns.size() == Plan::kMostTokens) {
      return wrong(
          fmt::format("--token-file: {} has more than {} tokens", words.token_file, Plan::kMostTokens));
    }
    std::copy(line.begin(), line.end(), digits.begin());
    plan.tokens_by_turns.push_back(digits);
  }
  if (plan.tokens_by_turns.empty()) return wrong(fmt::format("--token-file: {} is empty", words.token_file));
  return {};
}

Result<void> check_sense(const Plan& plan) {
  const std::string_view name = name_of(plan.scenario);
  const bool is_paced_by_itself = plan.scenario == Scenario::kIdle || plan.scenario == Scenario::kSlow;
  if (plan.connections < plan.threads) return wrong("there are fewer --connections than --threads");
  if (is_paced_by_itself && plan.is_open_loop())
    return wrong(fmt::format("--rate has no meaning in {}", name));
  if (plan.pipeline > 1 && (is_paced_by_itself || plan.scenario == Scenario::kChurn)) {
    return wrong(fmt::format("--pipeline has no meaning in {}: its requests follow from the answers", name));
  }
  const bool has_user = !plan.user.empty();
  if (plan.needs_user() && !has_user)
    return wrong(fmt::format("{} logs in: give --user and a password", name));
  if (!plan.tokens_by_turns.empty() && (plan.scenario != Scenario::kCheck || !plan.tokens.empty())) {
    return wrong("--token-file goes with check, and without --token");
  }
  if (plan.needs_token() && !has_user) {
    return wrong(fmt::format("{} shows a token: give --user and a password, or --token", name));
  }
  return {};
}

Result<void> read_assertions(const Words& words, Plan& plan) {
  for (const std::string& text : words.assertions) {
    LATCHKEY_TRY(Assertion assertion, Assertion::parse(text));
    plan.assertions.push_back(std::move(assertion));
  }
  return {};
}

/// Drops a byte order mark and either kind of line end, as `latchkey` does with the same file.
bool read_first_line(std::istream& input, std::string& line) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (!std::getline(input, line)) return false;
  if (line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

Result<void> read_password(const CLI::App& app, const Words& words, std::istream& input, Plan& plan) {
  if (words.password_stdin && app.count("--password") > 0)
    return wrong("give one of --password and --password-stdin");
  if (words.password_stdin && !read_first_line(input, plan.password))
    return wrong("no password on standard input");
  if (!plan.user.empty() && !words.password_stdin && app.count("--password") == 0) {
    return wrong("--user needs --password-stdin or --password");
  }
  return {};
}

/// What may stand in the place of SCENARIO.
std::vector<command_line::Candidate> scenario_words(const CLI::Option& of) {
  std::vector<command_line::Candidate> words;
  if (!of.get_positional()) return words;
  for (const Scenario scenario : kNamed) words.push_back({std::string(name_of(scenario)), {}});
  return words;
}

}  // namespace

std::variant<Plan, int> read_options(int argument_count, const char* const* arguments, std::istream& input,
                                     std::ostream& output, std::ostream& errors) {
  Words words;
  Plan plan;
  CLI::App app(kDescription, "latchkey-bench");
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("latchkey-bench ") + LATCHKEY_VERSION);
  add_load_options(app, words, plan);
  add_scenario_options(app, words, plan);
  add_report_options(app, words, plan);
  if (command_line::answer(app, argument_count, arguments, output, scenario_words)) return kExitDone;
  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, output, errors) == 0 ? kExitDone : kExitUsage;
  }
  Result<void> read = read_scenario(app, words, plan);
  if (read) read = read_durations(words, plan);
  if (read) read = read_assertions(words, plan);
  if (read) read = check_texts(plan);
  if (read) read = read_password(app, words, input, plan);
  if (read) read = read_token_file(words, plan);
  if (read) read = check_sense(plan);
  if (read) return plan;
  errors << "latchkey-bench: " << read.error().text << '\n';
  return kExitUsage;
}

}  // namespace latchkey::load
