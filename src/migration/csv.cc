#include "migration/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace latchkey::migration {

namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) noexcept : text_(text) {}

  bool is_at_end() const noexcept { return at_ == text_.size(); }

  Result<CsvRow> take_row() {
    CsvRow row{line_, {}};
    while (true) {
      LATCHKEY_TRY(std::string field, take_field());
      row.fields.push_back(std::move(field));
      if (row.fields.size() > kMaxFields) {
        return failure(ErrorCode::kInvalid,
                       fmt::format("line {}: it has over {} fields", row.line, kMaxFields));
      }
      if (is_at_end()) return row;
      const char end = text_[at_++];
      if (end == ',') continue;
      if (end == '\r' && !is_at_end() && text_[at_] == '\n') ++at_;
      ++line_;
      return row;
    }
  }

 private:
  Result<std::string> take_field() {
    if (is_at_end() || text_[at_] != '"') {
      const std::size_t start = at_;
      at_ = std::min(text_.find_first_of(",\r\n", start), text_.size());
      return std::string(text_.substr(start, at_ - start));
    }
    const std::size_t began = line_;
    std::string field;
    for (++at_; !is_at_end(); ++at_) {
      const char c = text_[at_];
      if (c == '"' && text_.substr(at_ + 1, 1) != "\"") break;
      if (c == '"') ++at_;
      if (c == '\n') ++line_;
      field += c;
    }
    if (is_at_end())
      return failure(ErrorCode::kInvalid, fmt::format("line {}: a quote is not closed", began));
    ++at_;
    if (!is_at_end() && std::string_view(",\r\n").find(text_[at_]) == std::string_view::npos)
      return failure(ErrorCode::kInvalid,
                     fmt::format("line {}: something stands behind a closing quote", line_));
    return field;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

}  // namespace

Result<std::vector<CsvRow>> read_csv(std::string_view text, std::size_t max_rows) {
  std::vector<CsvRow> rows;
  Reader reader(text);
  while (!reader.is_at_end() && rows.size() < max_rows) {
    LATCHKEY_TRY(CsvRow row, reader.take_row());
    if (row.fields.size() > 1 || !row.fields.front().empty()) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace latchkey::migration
