// A store that takes everything at once and keeps nothing: what the disk costs is not measured here.
#pragma once

#include <optional>
#include <vector>

#include "latchkey/store/store.h"

namespace latchkey::bench {

class AcceptingStore final : public store::Store {
 public:
  runtime::Task<Result<store::RowId>> record_login(store::LoginRecord) override { co_return ++last_row_; }
  runtime::Task<Result<bool>> record_deaths(std::vector<store::SessionDeath>) override { co_return true; }
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

 private:
  store::RowId last_row_ = 0;
};

}  // namespace latchkey::bench
