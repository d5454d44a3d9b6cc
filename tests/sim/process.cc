#include "process.h"

#include <algorithm>
#include <utility>

#include "latchkey/api/profile_parts.h"
#include "latchkey/credential/user_table.h"
#include "latchkey/store/session_table.h"
#include "report.h"

namespace latchkey::sim {

namespace {

/// For what only a bug can make fail here.
template <class T>
T expect(Result<T> result, const char* what) {
  if (!result) Report::broken("{}: {}", what, result.error().text);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// Empty for a user without a profile.
std::string_view email_of(const token::UserView& user) noexcept {
  return user.profile() == nullptr ? std::string_view() : user.profile()->header_email();
}

}  // namespace

template <class T>
T Process::started(Result<T> result) const {
  if (!result && parts_.disk.has_stopped()) throw CutOff();
  return expect(std::move(result), "a start");
}

Process::Process(const Parts& parts)
    : parts_(parts),
      random_(parts.seed),
      mailbox_(parts.plan.cores + 2, parts.plan.messages_per_way),
      bells_(mailbox_),
      rig_({.clock = parts.clock, .random = random_, .keyring = parts.keyring, .log = log_},
           {.shards = parts.plan.cores, .cores = parts.plan.cores}),
      binder_(parts.keyring, {}),
      max_tokens_(parts.plan.max_tokens) {
  settings_.token_timeout = std::chrono::milliseconds(parts.plan.timeout_ms);
  parts.model.set_time(now());
  store::Database database = started(store::open_database(parts.path, {.vfs = Disk::name()}));
  load(database);
  store_ = std::make_unique<store::StoreThread>(std::move(database), mailbox_.port(store_port()), parts.clock,
                                                log_, [this](const Error&) { failed_ = true; });
  context_.emplace(
      api::SessionsContext{shards_, parts.keyring, binder_, rig_.table_clock, rig_.quiescence, settings_});
  for (std::uint32_t number = 0; number < parts.plan.cores; ++number) {
    Core& core = *cores_[number];
    core.inner.emplace(mailbox_.port(number), *store_);
    core.watched.set_inner(*core.inner);
    core.directory.emplace(mailbox_.port(number), *store_);
    core.login_check.set_directory(*core.directory);
    core.sessions = std::make_unique<api::Sessions>(mailbox_.port(number), *context_);
  }
}

void Process::make_shards() {
  token::ShardSettings settings;
  settings.timeout = std::chrono::milliseconds(parts_.plan.timeout_ms);
  settings.tokens_per_user = parts_.plan.tokens_per_user;
  settings.max_tokens = max_tokens_;
  settings.max_tombstones = parts_.plan.max_tombstones;
  for (std::uint32_t number = 0; number < parts_.plan.cores; ++number) {
    cores_.push_back(std::make_unique<Core>(number, parts_.keyring, parts_.model));
    Core& core = *cores_.back();
    core.shard = expect(rig_.make_shard(core.watched, core.login_check, settings, number), "a shard");
    shards_.push_back(core.shard.get());
  }
}

/// A start does not need to know when a session was made, so it does not read that. The model does: it sees
/// from it how far the start has moved the recorded times.
void Process::read_created(store::Database& database, std::vector<store::Session>& rows) const {
  store::Statement statement = started(database.prepare("SELECT created_ms FROM sessions WHERE row = ?1"));
  for (store::Session& row : rows) {
    if (!started(statement.bind(1, row.row).step())) Report::broken("row {} is gone", row.row);
    row.created.ms = statement.integer(0);
    statement.reset();
  }
}

void Process::load_profiles(store::Database& database) {
  started(credential::user_table::load_profiles(database, [&](const credential::User& user) {
    parts_.model.profiles().loaded(user.id, user.email, user.profile_number);
    token::Shard& owner = *shards_[token::shard_of(parts_.keyring.tag_of(user.id), parts_.plan.cores)];
    started(owner.set_profile(user.id, api::profile_parts(user)));
  }));
}

/// Does what server::load_sessions does, on one thread.
void Process::load(store::Database& database) {
  const store::RunStart start =
      started(store::begin_run(database, parts_.clock.wall(), parts_.plan.timeout_ms));
  std::vector<store::Session> rows;
  started(store::load_all(database, [&rows](store::Session& row) { rows.push_back(std::move(row)); }));
  read_created(database, rows);
  was_clean_ = start.was_clean;
  const auto living = std::count_if(
      rows.begin(), rows.end(), [](const store::Session& row) { return row.death == store::Death::kNone; });
  max_tokens_ = std::max(parts_.plan.max_tokens, static_cast<std::size_t>(living));
  make_shards();
  parts_.model.restarted(rows, was_clean_);
  std::vector<store::RowId> forgotten;
  for (const store::Session& row : rows) {
    token::Shard& owner = *shards_[token::shard_of(parts_.keyring.tag_of(row.user_id), parts_.plan.cores)];
    if (started(owner.load(row, rig_.table_clock.now(), start.exact_since)) == token::Loaded::kForget) {
      forgotten.push_back(row.row);
    }
  }
  load_profiles(database);
  parts_.model.forgetting_at_start(forgotten);
  started(store::forget_rows(database, forgotten));
  parts_.model.forgotten_at_start(forgotten);
}

void Process::begin_pass(std::uint32_t number, bool spurious) {
  Core& core = *cores_[number];
  core.active = true;
  core.pass = parts_.clock.boot();
  rig_.quiescence.activate(number);
  if (bells_.answer(number) || spurious) mailbox_.port(number).drain();
}

void Process::end_pass(std::uint32_t number) {
  Core& core = *cores_[number];
  look_at_lent(core);
  core.lent.clear();
  // As in server::Core::pass.
  core.shard->advance(rig_.table_clock.at(core.pass), token::Shard::kVisitsPerPass);
  rig_.quiescence.collect(number);
  rig_.quiescence.rest(number);
  core.active = false;
}

bool Process::has_reason(std::uint32_t number) const {
  const Core& core = *cores_[number];
  const token::TableTime next = core.shard->next_advance();
  return bells_.wakes(number) || core.shard->behind() ||
         (next != token::WriteBehind::kNoTime && next <= rig_.table_clock.now());
}

token::Outcome Process::check(std::uint32_t number, const token::Token& token,
                              const store::BindingHash& binding, const std::string& name) {
  Core& core = *cores_[number];
  const token::Admission admission = core.sessions->check(token, binding, core.pass);
  if (admission.outcome == token::Outcome::kAdmitted) {
    const std::string email(email_of(*admission.user));
    parts_.model.profiles().checked(admission.user->id(), email);
    core.lent.push_back({admission.user, name, email});
  }
  look_at_lent(core);
  return admission.outcome;
}

/// Whatever other cores do in the meantime, a value that a check has lent stays unchanged until the pass
/// ends.
void Process::look_at_lent(const Core& core) const {
  for (const Lent& lent : core.lent) {
    if (lent.user->name() != lent.name) {
      Report::broken("a check has lent the name '{}' and it was '{}'", lent.user->name(), lent.name);
    }
    if (email_of(*lent.user) != lent.email) {
      Report::broken("a check has lent the profile '{}' and it was '{}'", email_of(*lent.user), lent.email);
    }
  }
}

std::int64_t Process::pass_time(std::uint32_t number) const noexcept {
  return rig_.table_clock.at(cores_[number]->pass).ms;
}

void Process::store_pass() {
  runtime::Port& port = mailbox_.port(store_port());
  // As in runtime::Worker.
  if (!bells_.answer(store_port())) return;
  port.drain();
  store_->after_batch(port);
}

void Process::hash_worker_pass() {
  if (bells_.answer(hash_port())) mailbox_.port(hash_port()).drain();
}

void Process::finish_hash(std::size_t number) {
  HashJob* const job = hashes_[number];
  hashes_[number] = hashes_.back();
  hashes_.pop_back();
  mailbox_.port(hash_port()).finish(*job);
}

std::size_t Process::running() {
  std::size_t running = 0;
  for (std::uint32_t number = 0; number < parts_.plan.cores; ++number) {
    running += cores_[number]->clients.running();
    running += mailbox_.port(number).nursery().running();
  }
  return running;
}

void Process::end_run() {
  store::Database database = expect(store_->release(), "a stop");
  expect(store::end_run(database, parts_.clock.wall(), store_->clock_set_ms()), "a stop");
}

}  // namespace latchkey::sim
