// Doubles of store::Store, both in memory: one that a test inspects and holds up, and one that does not
// disturb a measurement.
// Thread: one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "latchkey/runtime/event.h"
#include "latchkey/store/store.h"
#include "support/runtime_doubles.h"

namespace latchkey::test {

/// Answers at once, answers when told, or refuses.
class FakeStore final : public store::Store {
 public:
  /// While true, requests wait for `answer`.
  bool holds = false;
  /// While set, every request gets this error and changes nothing.
  std::optional<Error> refusal;

  std::map<store::RowId, store::Session> rows;
  std::vector<std::vector<store::SessionRefresh>> refreshes;
  std::vector<std::vector<store::RowId>> forgotten;
  std::size_t logins = 0;
  std::size_t death_writes = 0;

  void refuse() { refusal = Error{ErrorCode::kUnavailable, "the disk is full"}; }
  void accept() { refusal.reset(); }
  /// Answers all waiting requests.
  void answer() { wake_now(gate_); }
  bool is_asked() const noexcept { return gate_.has_waiters(); }

  runtime::Task<Result<store::RowId>> record_login(store::LoginRecord record) override {
    ++logins;
    if (holds) co_await gate_.wait();
    if (refusal) co_return tl::unexpected<Error>(*refusal);
    for (const store::SessionDeath& death : record.deaths) die(death);
    record.session.row = next_row_++;
    const store::RowId row = record.session.row;
    rows.emplace(row, std::move(record.session));
    co_return row;
  }

  runtime::Task<Result<bool>> record_deaths(std::vector<store::SessionDeath> deaths) override {
    ++death_writes;
    if (holds) co_await gate_.wait();
    if (refusal) co_return tl::unexpected<Error>(*refusal);
    for (const store::SessionDeath& death : deaths) die(death);
    co_return true;
  }

  runtime::Task<Result<bool>> record_user_death(store::UserDeath death) override {
    if (holds) co_await gate_.wait();
    if (refusal) co_return tl::unexpected<Error>(*refusal);
    for (const auto& [row, session] : rows) {
      const bool is_meant =
          session.user_id == death.user_id && row <= death.last_row && row != death.kept_row;
      if (is_meant) die({row, death.reason, death.at});
    }
    co_return true;
  }

  runtime::Task<Result<bool>> record_refreshes(std::vector<store::SessionRefresh> batch) override {
    if (holds) co_await gate_.wait();
    if (refusal) co_return tl::unexpected<Error>(*refusal);
    for (const store::SessionRefresh& refresh : batch) {
      const auto found = rows.find(refresh.row);
      if (found == rows.end() || found->second.death != store::Death::kNone) continue;
      found->second.last_used = std::max(found->second.last_used, refresh.last_used);
    }
    refreshes.push_back(std::move(batch));
    co_return true;
  }

  runtime::Task<Result<bool>> forget(std::vector<store::RowId> gone) override {
    if (holds) co_await gate_.wait();
    if (refusal) co_return tl::unexpected<Error>(*refusal);
    for (const store::RowId row : gone) rows.erase(row);
    forgotten.push_back(std::move(gone));
    co_return true;
  }

  runtime::Task<Result<std::optional<store::Session>>> find(store::LookupHash lookup) override {
    for (const auto& [row, session] : rows) {
      if (session.lookup == lookup) co_return session;
    }
    co_return std::nullopt;
  }

  runtime::Task<Result<std::vector<store::Session>>> sessions_of(std::int64_t user_id,
                                                                 std::size_t limit) override {
    std::vector<store::Session> sessions;
    for (const auto& [row, session] : rows) {
      const bool wanted = session.user_id == user_id && session.death == store::Death::kNone;
      if (wanted && sessions.size() < limit) sessions.push_back(session);
    }
    co_return sessions;
  }

  runtime::Task<Result<std::vector<store::Session>>> newest_sessions_of(std::int64_t user_id,
                                                                        store::RowId before,
                                                                        std::size_t limit) override {
    std::vector<store::Session> sessions;
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
      const store::Session& session = row->second;
      const bool wanted =
          session.user_id == user_id && session.death == store::Death::kNone && session.row < before;
      if (wanted && sessions.size() < limit) sessions.push_back(session);
    }
    co_return sessions;
  }

  runtime::Task<Result<std::optional<store::Session>>> find_row(store::RowId row) override {
    const auto found = rows.find(row);
    co_return found == rows.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  void die(const store::SessionDeath& death) {
    const auto found = rows.find(death.row);
    if (found == rows.end() || found->second.death != store::Death::kNone) return;
    found->second.death = death.reason;
    found->second.died = death.at;
  }

  store::RowId next_row_ = 1;
  runtime::Broadcast gate_;
};

/// A disk that costs no time: only the core's own work is measured.
class InstantStore final : public store::Store {
 public:
  runtime::Task<Result<store::RowId>> record_login(store::LoginRecord) override { co_return ++rows_; }
  runtime::Task<Result<bool>> record_deaths(std::vector<store::SessionDeath>) override { co_return true; }
  runtime::Task<Result<bool>> record_user_death(store::UserDeath) override { co_return true; }
  runtime::Task<Result<bool>> record_refreshes(std::vector<store::SessionRefresh>) override {
    co_return true;
  }
  runtime::Task<Result<bool>> forget(std::vector<store::RowId>) override { co_return true; }
  runtime::Task<Result<std::optional<store::Session>>> find(store::LookupHash) override {
    co_return std::nullopt;
  }
  runtime::Task<Result<std::vector<store::Session>>> sessions_of(std::int64_t, std::size_t) override {
    co_return std::vector<store::Session>();
  }
  runtime::Task<Result<std::vector<store::Session>>> newest_sessions_of(std::int64_t, store::RowId,
                                                                        std::size_t) override {
    co_return std::vector<store::Session>();
  }
  runtime::Task<Result<std::optional<store::Session>>> find_row(store::RowId) override {
    co_return std::nullopt;
  }

  store::RowId next_row() noexcept { return ++rows_; }

 private:
  store::RowId rows_ = 0;
};

}  // namespace latchkey::test
