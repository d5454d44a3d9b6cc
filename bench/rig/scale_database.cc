// Makes a data directory as a server leaves it after an orderly stop, with users and their live sessions,
// through the project's own tables. Nothing is synced before the end, because the measurement is of the start
// that follows. DIRECTORY/tokens lists one token per user, in random order. They work from 127.0.0.1 with the
// agent kAgent.
#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/base/clock.h"
#include "latchkey/base/random.h"
#include "latchkey/credential/hash_scheme.h"
#include "latchkey/credential/user_table.h"
#include "latchkey/net/address.h"
#include "latchkey/store/data_directory.h"
#include "latchkey/store/schema.h"
#include "latchkey/store/session_table.h"
#include "latchkey/token/binding.h"
#include "latchkey/token/keyring.h"
#include "rig/count.h"
#include "rig/rig.h"

namespace latchkey::bench {
namespace {

// Every user's password, with which bench/scale logs in.
constexpr std::string_view kPassword = "a long enough password";
constexpr std::size_t kRowsPerTransaction = 200'000;
constexpr std::int64_t kTokenTimeoutMs = 1'800'000;
constexpr std::string_view kAgent = "bench";  // of a user's first session; later ones append a number

struct Options {
  std::filesystem::path directory;
  std::size_t tokens = 0;
  std::size_t tokens_per_user = 0;
};

void must(const Result<void>& result) {
  if (!result) give_up(result.error());
}

// Calls `one(i)` for each row, kRowsPerTransaction per transaction. Between them the log is copied into the
// file.
template <class One>
void in_transactions(store::Database& database, std::string_view what, std::size_t rows, One one) {
  for (std::size_t begin = 0; begin < rows; begin += kRowsPerTransaction) {
    auto transaction = value_or_exit(store::Transaction::begin(database));
    const std::size_t end = std::min(begin + kRowsPerTransaction, rows);
    for (std::size_t i = begin; i < end; ++i) one(i);
    must(transaction.commit());
    must(database.checkpoint());
    std::fprintf(stderr, "%s %zu of %zu\n", std::string(what).c_str(), end, rows);
  }
}

std::string name_of(std::size_t user) { return fmt::format("user{:07}", user); }

void add_users(store::Database& database, std::size_t users) {
  credential::User user;
  user.password_hash = value_or_exit(credential::make_hash(kPassword, {}));
  user.created = SystemClock().wall();
  in_transactions(database, "users", users, [&](std::size_t i) {
    user.name = name_of(i);
    value_or_exit(credential::user_table::add(database, user));
  });
}

// A user's sessions lie far apart, like real logins. In a new database the users have the ids from 1 up.
void add_sessions(store::Database& database, const token::Keyring& keyring, const Options& options,
                  std::size_t users) {
  SystemRandom random;
  const token::Binder bind(keyring, {});
  const net::IpAddress address = net::IpAddress::from_v4(127, 0, 0, 1);
  std::vector<token::Token::Digits> told;
  told.reserve(users);
  store::LoginRecord record;
  store::Session& session = record.session;
  session.key_number = keyring.signing_number();
  session.address = "127.0.0.1";
  in_transactions(database, "sessions", options.tokens, [&](std::size_t i) {
    const std::size_t user = i % users;
    session.id = random.bytes<sizeof(store::SessionId)>();
    session.user_id = static_cast<std::int64_t>(user + 1);
    session.user_name = name_of(user);
    session.agent = i < users ? std::string(kAgent) : fmt::format("{} {}", kAgent, i / users);
    session.binding = bind(address.bytes(), session.agent);
    const token::Token token(keyring.tag_of(session.user_id), keyring.sign(session.key_number, session.id));
    session.lookup = keyring.lookup_hash(token);
    if (i < users) told.push_back(token.digits());
    session.created = session.last_used = SystemClock().wall();
    value_or_exit(store::insert_login(database, record));
  });
  std::shuffle(told.begin(), told.end(), std::mt19937_64(1));
  std::ofstream file(options.directory / "tokens");
  for (const token::Token::Digits& digits : told) {
    file << std::string_view(digits.data(), digits.size()) << '\n';
  }
}

int run(const Options& options) {
  auto directory =
      value_or_exit(store::DataDirectory::open(options.directory, "scale-database", {.create = true}));
  SystemRandom random;
  const auto keyring =
      value_or_exit(token::Keyring::create((options.directory / "latchkey.key").string(), random));
  auto database = value_or_exit(store::open_database(directory.database_path().string()));
  must(store::check_key(database, keyring.fingerprint(), options.directory / "latchkey.key"));
  // The indexes by lookup and by user are filled in random order, so SQLite's cache must hold them.
  must(database.execute("PRAGMA synchronous=OFF; PRAGMA cache_size=-4000000;"));
  const std::size_t users = std::max<std::size_t>(options.tokens / options.tokens_per_user, 1);
  add_users(database, users);
  add_sessions(database, keyring, options, users);
  const WallTime now = SystemClock().wall();
  value_or_exit(store::begin_run(database, now, kTokenTimeoutMs));
  must(store::end_run(database, now, 0));
  must(database.checkpoint());
  return 0;
}

}  // namespace
}  // namespace latchkey::bench

int main(int argument_count, char** arguments) {
  latchkey::bench::Options options;
  if (sodium_init() < 0 || argument_count != 4 ||
      !latchkey::bench::read_count(arguments[2], options.tokens) ||
      !latchkey::bench::read_count(arguments[3], options.tokens_per_user)) {
    std::fprintf(stderr, "usage: scale-database DIRECTORY TOKENS TOKENS_A_USER\n");
    return 2;
  }
  options.directory = arguments[1];
  return latchkey::bench::run(options);
}
