// Django's users: dumpdata as JSON (one array, or an object on each line), or CSV with a header. AWX 1 to 3
// is a Django.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <map>

#include "migration/csv.h"
#include "migration/django_user.h"
#include "migration/json_values.h"
#include "migration/lines.h"
#include "migration/readers.h"

namespace latchkey::migration {

namespace {

using simdjson::SUCCESS;
using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

/// The names of groups by their keys, as far as they are in the same dump.
using Groups = std::map<std::string, std::string, std::less<>>;

std::string key_of(const element& key) { return simdjson::minify(key); }

void take_group(const object& row, Groups& groups) {
  object fields;
  element key;
  if (text_member(row, "model") != "auth.group" || row["fields"].get_object().get(fields) != SUCCESS ||
      row["pk"].get(key) != SUCCESS) {
    return;
  }
  if (auto name = text_member(fields, "name")) groups.insert_or_assign(key_of(key), std::move(*name));
}

/// A user's list has keys of groups, or (dumped with --natural-foreign) a list with the name.
void take_groups(const object& fields, const Groups& groups, ForeignUser& user) {
  array elements;
  if (fields["groups"].get_array().get(elements) != SUCCESS) return;
  std::vector<std::string> names;
  std::size_t unknown = 0;
  for (const element group : elements) {
    array natural;
    std::string_view name;
    if (group.get_array().get(natural) == SUCCESS && natural.at(0).get_string().get(name) == SUCCESS) {
      names.emplace_back(name);
    } else if (const auto found = groups.find(key_of(group)); found != groups.end()) {
      names.push_back(found->second);
    } else {
      ++unknown;
    }
  }
  if (unknown > 0) {
    if (!user.note.empty()) user.note += "; ";
    user.note +=
        fmt::format("groups left out because the file does not name them: {}; dump auth.group too", unknown);
  }
  if (unknown == 0 || !names.empty()) user.groups = std::move(names);
}

std::optional<ForeignUser> user_of(const object& row, const Groups& groups) {
  object fields;
  if (row["fields"].get_object().get(fields) != SUCCESS) return std::nullopt;
  std::optional<std::string> name = text_member(fields, "username");
  const std::optional<std::string> password = text_member(fields, "password");
  if (!name || !password) return std::nullopt;
  ForeignUser user;
  user.name = std::move(*name);
  user.active = truth_member(fields, "is_active");
  user.superuser = truth_member(fields, "is_superuser");
  user.first_name = text_member(fields, "first_name");
  user.last_name = text_member(fields, "last_name");
  user.email = text_member(fields, "email");
  take_django_password(user, *password);
  take_groups(fields, groups, user);
  return user;
}

/// Shows each object of the dump to `visit`, with its place.
template <class Visit>
Result<void> for_each_row(std::string_view text, Visit visit) {
  simdjson::dom::parser parser;
  if (trimmed(text).starts_with('[')) {
    array rows;
    if (const auto error = parser.parse(text.data(), text.size()).get_array().get(rows))
      return no_json(error);
    std::size_t number = 0;
    for (const element of : rows) {
      object row;
      ++number;
      if (of.get_object().get(row) == SUCCESS) visit(row, fmt::format("object {}", number));
    }
    return {};
  }
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = take_line(text);
    if (trimmed(line).empty()) continue;
    object row;
    if (const auto error = parser.parse(line.data(), line.size()).get_object().get(row))
      return no_json(error);
    visit(row, fmt::format("line {}", number));
  }
  return {};
}

Users read_dump(std::string_view text) {
  Groups groups;
  LATCHKEY_TRY(
      for_each_row(text, [&groups](const object& row, const std::string&) { take_group(row, groups); }));
  std::vector<ForeignUser> users;
  LATCHKEY_TRY(for_each_row(text, [&](const object& row, const std::string& where) {
    if (!has_room(users.size())) return;
    std::optional<ForeignUser> user = user_of(row, groups);
    if (!user) return;
    user->where = where;
    users.push_back(std::move(*user));
  }));
  return users;
}

/// A row of CSV by the names of its columns.
class NamedRow {
 public:
  NamedRow(const CsvRow& header, const CsvRow& row) noexcept : header_(header), row_(row) {}

  std::optional<std::string> text(std::string_view name) const {
    const auto column = std::find(header_.fields.begin(), header_.fields.end(), name);
    const auto at = static_cast<std::size_t>(column - header_.fields.begin());
    if (at >= row_.fields.size() || column == header_.fields.end()) return std::nullopt;
    return row_.fields[at];
  }
  std::optional<bool> truth(std::string_view name) const {
    const std::optional<std::string> written = text(name);
    return written ? truth_of(*written) : std::nullopt;
  }

 private:
  const CsvRow& header_;
  const CsvRow& row_;
};

Users read_table(std::string_view text) {
  LATCHKEY_TRY(const std::vector<CsvRow> rows, read_csv(text, 1 + kMaxUsers + 1));  // with the header
  const CsvRow none;
  const CsvRow& first = rows.empty() ? none : rows.front();
  const NamedRow header(first, first);
  if (!header.text("username") || !header.text("password")) {
    return failure(ErrorCode::kInvalid,
                   "it is neither JSON of `manage.py dumpdata` nor CSV whose first line names the columns, "
                   "username and password among them");
  }
  std::vector<ForeignUser> users;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const NamedRow row(rows.front(), rows[i]);
    ForeignUser user;
    user.where = fmt::format("line {}", rows[i].line);
    user.name = row.text("username").value_or("");
    user.active = row.truth("is_active");
    user.superuser = row.truth("is_superuser");
    user.first_name = row.text("first_name");
    user.last_name = row.text("last_name");
    user.email = row.text("email");
    if (rows[i].fields.size() != rows.front().fields.size()) {
      user.why_refused = fmt::format("the row has {} columns, and the first line names {}",
                                     rows[i].fields.size(), rows.front().fields.size());
    } else {
      take_django_password(user, row.text("password").value_or(""));
    }
    users.push_back(std::move(user));
  }
  return users;
}

}  // namespace

Users read_django(std::string_view text, const ReadOptions& /*options*/) {
  const std::string_view seen = trimmed(text);
  if (seen.empty()) return std::vector<ForeignUser>();
  return seen.starts_with('[') || seen.starts_with('{') ? read_dump(text) : read_table(text);
}

}  // namespace latchkey::migration
