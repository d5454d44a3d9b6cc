#include "world.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <utility>

#include "latchkey/credential/user_table.h"
#include "latchkey/net/address.h"
#include "report.h"

namespace latchkey::sim {

namespace {

// Of a hundred steps, how many are of each kind.
constexpr std::uint64_t kCoreTurns = 58;
constexpr std::uint64_t kRings = 16;
constexpr std::uint64_t kOtherTurns = 18;
// Of a core's turns within a pass, one in this many ends the pass, and one in this many takes a request.
constexpr std::uint64_t kPassTurns = 6;
constexpr std::uint64_t kRequestTurns = 5;
// One pass in this many looks for messages although no doorbell rang.
constexpr std::uint64_t kSpurious = 10;
// The counts are compared once per this many steps, because it takes a look at every session.
constexpr std::uint64_t kCountsOnceIn = 16;
constexpr std::int64_t kMostMsPerStep = 3;

token::KeyFile key_file() {
  token::KeyFile file;
  std::fill(file.root.bytes().begin(), file.root.bytes().end(), std::uint8_t{0x5A});
  file.signing = 1;
  return file;
}

/// Names that fit into an entry, names that do not, and names that a header cannot carry.
std::string name_of(std::uint32_t number) {
  const std::string text = "user" + std::to_string(number);
  switch (number % 4) {
    case 1:
      return text + "-ü";
    case 2:
      return text + std::string(100, 'x');
    default:
      return text;
  }
}

/// Now and then the user is to have no profile any more.
std::string next_email(Person& person, Dice& dice) {
  if (dice.once_in(3)) return {};
  return fmt::format("{}.{}", person.id, ++person.emails);
}

}  // namespace

World::World(std::uint64_t seed, std::string path, Tally& tally)
    : dice_(seed),
      plan_(make_plan(dice_)),
      path_(std::move(path)),
      tally_(tally),
      disk_(dice_),
      keyring_(key_file()),
      model_(plan_) {
  Report::begin_world(seed);
  // SQLite's own randomness (the salts of its log) comes from the disk's, seeded anew in each world.
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, static_cast<int>(dice_.below(1'000'000)) + 1, nullptr);
  const token::Binder binder(keyring_, {});
  for (std::uint32_t place = 0; place < plan_.places; ++place) {
    const auto address = net::IpAddress::from_v4(192, 0, 2, static_cast<std::uint8_t>(place / 2));
    bindings_.push_back(binder(address.bytes(), place % 2 == 0 ? "this agent" : "that agent"));
  }
  make_users();
  start();
  Report::trace("{} cores, {} users, {} places, timeout {} ms, limit {}", plan_.cores, plan_.users,
                plan_.places, plan_.timeout_ms, plan_.tokens_per_user);
}

void World::make_users() {
  Result<store::Database> database = store::open_database(path_, {.vfs = Disk::name()});
  if (!database) Report::broken("no database: {}", database.error().text);
  for (std::uint32_t number = 0; number < plan_.users; ++number) {
    credential::User user;
    user.name = name_of(number);
    user.password_hash = password_hash(0);
    const Result<credential::User> added = credential::user_table::add(*database, std::move(user));
    if (!added) Report::broken("no user: {}", added.error().text);
    people_.push_back({added->id, added->name, 0});
  }
}

void World::run(std::uint64_t steps) {
  ++tally_.worlds;
  for (std::uint64_t number = 1; number <= steps; ++number) {
    Report::begin_step(number);
    step();
  }
  expect_nothing_left();
}

void World::step() {
  tell_model();
  const std::uint64_t what = dice_.below(100);
  if (what < kCoreTurns) {
    turn_core(static_cast<std::uint32_t>(dice_.below(plan_.cores)));
  } else if (what < kCoreTurns + kRings) {
    ring();
  } else if (what < kCoreTurns + kRings + kOtherTurns) {
    turn_others();
  } else {
    move_clock();
  }
  if (must_crash()) return crash(process_->has_failed() ? "by a failed fsync" : "in the middle of a commit");
  trouble_disk();
  if (dice_.once_in(kCountsOnceIn)) look_at_counts();
  if (dice_.once_in(plan_.crash_once_in)) {
    if (dice_.once_in(2)) return crash("at a moment");
    disk_.stop_after(dice_.below(20));
  }
  if (dice_.once_in(plan_.stop_once_in)) return stop();
  if (steps_to_end_ > 0 && --steps_to_end_ == 0) return dice_.once_in(3) ? crash("soon") : stop();
  // With short mailbox queues, writes of uses wait for their turn, so there is no time to expect them by.
  if (plan_.messages_per_way >= kRequestsAtOnce && dice_.once_in(plan_.settle_once_in)) expect_uses_saved();
}

void World::tell_model() {
  model_.set_time(process_->now());
  model_.set_troubles(disk_.refusals());
}

void World::turn_core(std::uint32_t core) {
  if (!process_->is_active(core)) {
    process_->begin_pass(core, dice_.once_in(kSpurious));
  } else if (dice_.once_in(kPassTurns)) {
    process_->end_pass(core);
  } else if (dice_.once_in(kRequestTurns)) {
    request(core);
  } else {
    look(core);
  }
}

/// Checks a token that lives or lived, from the place that it is bound to or from elsewhere.
void World::look(std::uint32_t core) {
  ++tally_.checks;
  const std::uint64_t what = dice_.below(20);
  if (what == 0 && !model_.pending().empty()) {
    const PendingLogin& login = model_.pending().begin()->second;
    model_.checked_pending(login, process_->check(core, login.token, login.binding, {}));
    return;
  }
  if (what == 1 && !model_.forgotten().empty()) {
    const Session& session = model_.forgotten()[dice_.below(model_.forgotten().size())];
    model_.checked_forgotten(session, process_->check(core, session.token, session.binding, {}));
    return;
  }
  const Session* const session = any_session();
  if (session == nullptr) return;
  const store::BindingHash binding = what < 4 ? any_binding() : session->binding;
  const std::string& name = people_[static_cast<std::size_t>(session->user) - 1].name;
  const token::Outcome outcome = process_->check(core, session->token, binding, name);
  if (outcome == token::Outcome::kAdmitted) ++tally_.admitted;
  Report::trace("core {} checks row {}{}: {}", core, session->row,
                binding == session->binding ? "" : " from elsewhere", static_cast<int>(outcome));
  model_.checked(*session, binding == session->binding, outcome, process_->pass_time(core));
}

void World::request(std::uint32_t core) {
  if (model_.requests() >= kRequestsAtOnce || process_->running() >= kRequestsAtOnce) return;
  ++tally_.requests;
  process_->nursery(core).spawn(next_request({*process_, core, model_}));
}

runtime::Task<void> World::next_request(const Place& place) {
  Person& person = people_[dice_.below(people_.size())];
  const Session* const session = any_session();
  const std::uint64_t what = dice_.below(100);
  if (what < 20 && session != nullptr) {
    const store::BindingHash binding = dice_.once_in(8) ? any_binding() : session->binding;
    Report::trace("core {}: user {} ends row {}", place.core, session->user, session->row);
    return log_out(place, session->user, session->token, binding);
  }
  Report::trace("core {}: user {} asks {}", place.core, person.id, what);
  switch (what) {
    case 20:
    case 21:
      return end_all(place, person.id, store::Death::kDeleted);
    case 22:
      return set_password(place, person.id, password_hash(++person.passwords));
    case 23:
      if (session == nullptr) break;
      return change_password(place, session->user, session->token, password_hash(++person.passwords));
    case 24:
      return disable(place, person.id);
    case 25:
    case 26:
    case 27:
      return enable(place, person.id);
    case 28:
    case 29:
      return end_listed(place, person.id);
    case 30:
    case 31:
    case 32:
      return change_profile(place, person.id, next_email(person, dice_));
    default:
      break;
  }
  ++tally_.logins;
  // Now and then the password may be an old one.
  const std::string password = dice_.once_in(20) ? password_hash(person.passwords) : std::string();
  return log_in(place, person.id, person.name, any_binding(), password);
}

void World::ring() {
  Bells& bells = process_->bells();
  if (bells.on_their_way() == 0) return;
  const std::size_t number = dice_.below(bells.on_their_way());
  if (dice_.once_in(plan_.bell_fails_once_in)) {
    bells.fail(number);
  } else {
    bells.arrive(number);
  }
}

void World::turn_others() {
  const std::uint64_t what = dice_.below(3);
  if (what == 0) {
    if (process_->store_has_reason()) process_->store_pass();
  } else if (what == 1) {
    if (process_->hash_worker_has_reason()) process_->hash_worker_pass();
  } else if (process_->hashes_waiting() > 0) {
    process_->finish_hash(dice_.below(process_->hashes_waiting()));
  }
}

/// Somebody sets the wall clock, right or wrong. A running server goes by another clock; the next start does
/// not.
void World::set_wall() {
  constexpr std::int64_t kYearMs = 365LL * 24 * 60 * 60 * 1000;
  const std::int64_t far = dice_.once_in(8) ? kYearMs : 2 * plan_.timeout_ms;
  const std::int64_t wrong_by_ms = dice_.once_in(3) ? 0 : dice_.between(-far, far);
  ++tally_.wall_jumps;
  Report::trace("the clock of the wall is set, wrong by {} ms", wrong_by_ms);
  const WallTime was = clock_.wall();
  clock_.set_wall({clock_.boot().ms + wall_ahead_ms_ + wrong_by_ms});
  wall_set_ms_ += clock_.wall().ms - was.ms;
}

void World::move_clock() {
  if (dice_.once_in(plan_.wall_set_once_in)) return set_wall();
  if (!dice_.once_in(plan_.jump_once_in)) {
    clock_.advance_ms(dice_.between(0, kMostMsPerStep));
    return;
  }
  // No pass lasts that long.
  end_passes();
  const std::int64_t to = jump_to();
  Report::trace("the clock jumps by {} ms", to - process_->now());
  clock_.advance_ms(to - process_->now());
}

/// To a moment at which something ends, or one millisecond before or after it.
std::int64_t World::jump_to() noexcept {
  const std::int64_t now = process_->now();
  const std::int64_t nearby = now + dice_.between(1, plan_.period_ms() * 2);
  const Session* const session = any_session();
  if (session == nullptr || dice_.once_in(3)) return nearby;
  const std::int64_t timeout = plan_.timeout_ms;
  const std::array<std::int64_t, 5> edges = {
      session->used_least + timeout, session->used_most + timeout + kRefreshStepMs,
      session->used_most + 2 * timeout, session->died + timeout, session->used_least + timeout / 2};
  const std::int64_t edge = dice_.one_of(edges) + dice_.between(-1, 1);
  return edge > now ? edge : nearby;
}

void World::trouble_disk() {
  if (dice_.once_in(plan_.disk_fills_once_in)) {
    if (dice_.once_in(4)) {
      disk_.fail_next_sync();
    } else {
      disk_.set_full(true);
    }
  }
  if (dice_.once_in(500)) disk_.set_full(false);
}

void World::look_at_counts() {
  const auto number = static_cast<std::uint32_t>(dice_.below(plan_.cores));
  const token::Shard& shard = process_->shard(number);
  const token::ShardCounts counts = shard.counts();
  const Model::Bounds bounds = model_.bounds(number, plan_.cores);
  if (counts.live < bounds.least_live || counts.live > bounds.most_live) {
    Report::broken("shard {} has {} tokens, and there are {} to {}", number, counts.live, bounds.least_live,
                   bounds.most_live);
  }
  if (counts.users < bounds.least_users || counts.users > bounds.most_users) {
    Report::broken("shard {} has {} users, and there are {} to {}", number, counts.users, bounds.least_users,
                   bounds.most_users);
  }
  if (counts.live > process_->max_tokens() || counts.tombstones > plan_.max_tombstones) {
    Report::broken("shard {} has {} tokens and {} dead ones: too many", number, counts.live,
                   counts.tombstones);
  }
  for (const Person& person : people_) {
    const std::size_t count = shard.table().tokens_of(person.id).count;
    const std::optional<std::size_t> most = model_.most_tokens(person.id);
    if (most && count > *most) Report::broken("user {} has {} tokens", person.id, count);
  }
}

const Session* World::any_session() noexcept {
  const auto& sessions = model_.sessions();
  if (sessions.empty()) return nullptr;
  const store::RowId row = dice_.between(sessions.begin()->first, sessions.rbegin()->first);
  return &sessions.lower_bound(row)->second;
}

store::BindingHash World::any_binding() noexcept { return bindings_[dice_.below(bindings_.size())]; }

}  // namespace latchkey::sim
