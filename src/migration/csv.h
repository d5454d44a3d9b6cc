// Reads CSV (RFC 4180): fields between commas, in double quotes where they hold one, `""` for a quote.
// Thread: any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "latchkey/base/result.h"

namespace latchkey::migration {

struct CsvRow {
  std::size_t line = 0;  ///< where it begins, from 1
  std::vector<std::string> fields;
};

/// The most fields of a row.
inline constexpr std::size_t kMaxFields = 1000;

/// The rows, at most `max_rows` of them. An empty line is none.
/// Errors: kInvalid with the line, if a quote is not closed or stands within a field, or if a row has too
/// many fields.
Result<std::vector<CsvRow>> read_csv(std::string_view text, std::size_t max_rows);

}  // namespace latchkey::migration
