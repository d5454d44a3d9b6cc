// WatchedStore and WatchedLoginCheck: a shard's store and login check, which also tell the model what was
// asked and what was answered. Each core has one of each.
#pragma once

#include <optional>
#include <utility>

#include "latchkey/api/login_check.h"
#include "latchkey/credential/directory.h"
#include "latchkey/store/store.h"
#include "latchkey/token/keyring.h"
#include "latchkey/token/shard.h"
#include "model.h"

namespace latchkey::sim {

class WatchedStore final : public store::Store {
 public:
  /// Lifetime: both outlive the object.
  WatchedStore(const token::Keyring& keyring, Model& model) noexcept : keyring_(keyring), model_(model) {}
  /// Requires: called before anything is asked.
  void set_inner(store::Store& inner) noexcept { inner_ = &inner; }

  runtime::Task<Result<store::RowId>> record_login(store::LoginRecord record) override {
    const store::Session& session = record.session;
    const token::Token token(keyring_.tag_of(session.user_id), keyring_.sign(session.key_number, session.id));
    const WriteId id = model_.login_asked(record, token);
    auto task = inner_->record_login(std::move(record));
    Result<store::RowId> row = co_await task;
    model_.login_written(id, row);
    co_return row;
  }

  runtime::Task<Result<bool>> record_deaths(std::vector<store::SessionDeath> deaths) override {
    const WriteId id = model_.deaths_asked(deaths);
    auto task = inner_->record_deaths(std::move(deaths));
    Result<bool> written = co_await task;
    model_.deaths_written(id, written);
    co_return written;
  }

  runtime::Task<Result<bool>> record_user_death(store::UserDeath death) override {
    const WriteId id = model_.user_death_asked(death);
    auto task = inner_->record_user_death(death);
    Result<bool> written = co_await task;
    model_.deaths_written(id, written);
    co_return written;
  }

  runtime::Task<Result<bool>> record_refreshes(std::vector<store::SessionRefresh> refreshes) override {
    const WriteId id = model_.refreshes_asked(refreshes);
    auto task = inner_->record_refreshes(std::move(refreshes));
    Result<bool> written = co_await task;
    model_.refreshes_written(id, written);
    co_return written;
  }

  runtime::Task<Result<bool>> forget(std::vector<store::RowId> rows) override {
    const WriteId id = model_.forget_asked(rows);
    auto task = inner_->forget(std::move(rows));
    Result<bool> written = co_await task;
    model_.forget_written(id, written);
    co_return written;
  }

  runtime::Task<Result<std::optional<store::Session>>> find(store::LookupHash lookup) override {
    return inner_->find(lookup);
  }
  runtime::Task<Result<std::vector<store::Session>>> sessions_of(std::int64_t user_id,
                                                                 std::size_t limit) override {
    return inner_->sessions_of(user_id, limit);
  }
  runtime::Task<Result<std::vector<store::Session>>> newest_sessions_of(std::int64_t user_id,
                                                                        store::RowId before,
                                                                        std::size_t limit) override {
    return inner_->newest_sessions_of(user_id, before, limit);
  }
  runtime::Task<Result<std::optional<store::Session>>> find_row(store::RowId row) override {
    return inner_->find_row(row);
  }

 private:
  store::Store* inner_ = nullptr;
  const token::Keyring& keyring_;
  Model& model_;
};

class WatchedLoginCheck final : public token::LoginCheck {
 public:
  /// Lifetime: `model` outlives the object.
  WatchedLoginCheck(std::uint32_t shard, Model& model) noexcept : shard_(shard), model_(model) {}
  /// Requires: called before anything is asked.
  void set_directory(credential::Directory& directory) { check_.emplace(directory); }

  runtime::Task<Result<token::Standing>> standing_of(std::int64_t user_id,
                                                     std::int64_t password_number) override {
    model_.check_asked(shard_, user_id);
    auto asking = check_->standing_of(user_id, password_number);
    Result<token::Standing> standing = co_await asking;
    model_.check_answered(shard_, user_id);
    co_return standing;
  }

 private:
  std::optional<api::DirectoryLoginCheck> check_;
  const std::uint32_t shard_;
  Model& model_;
};

}  // namespace latchkey::sim
