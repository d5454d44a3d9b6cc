#include "api/pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "api/page_place.h"
#include "api/page_template.h"
#include "api/skeleton.h"
#include "latchkey/base/assert.h"
#include "latchkey/base/json_text.h"
#include "latchkey/base/printable.h"

namespace latchkey::api {

namespace {

using kainjow::mustache::data;

constexpr std::string_view kCodeIndent = "    ";
constexpr std::string_view kBoundary = "latchkey";
constexpr std::string_view kSignIn = "Sign in";

/// A description's text as paragraphs and verbatim blocks.
data blocks_of(std::string_view description) {
  data blocks(data::type::list);
  while (!description.empty()) {
    const std::size_t end = std::min(description.find("\n\n"), description.size());
    std::string_view lines = description.substr(0, end);
    description.remove_prefix(std::min(end + 2, description.size()));
    const bool is_code = lines.starts_with(kCodeIndent);
    std::string block;
    while (!lines.empty()) {
      const std::size_t line_end = std::min(lines.find('\n'), lines.size());
      std::string_view line = lines.substr(0, line_end);
      lines.remove_prefix(std::min(line_end + 1, lines.size()));
      if (is_code && line.starts_with(kCodeIndent)) line.remove_prefix(kCodeIndent.size());
      if (!block.empty()) block += '\n';
      block += line;
    }
    data entry(data::type::object);
    entry.set("is_code", flag(is_code));
    entry.set("text", data(block));
    blocks.push_back(entry);
  }
  return blocks;
}

/// The query without its `format`, for links that name another. Adjacent parameters that stay are copied
/// together.
std::string other_parameters(std::string_view query) {
  constexpr std::string_view kFormat = "format";
  std::string kept;
  kept.reserve(query.size() + 1);
  std::size_t run = 0;
  for (std::size_t at = 0; at < query.size(); ++at) {
    const std::size_t start = at;
    while (at < query.size() && query[at] != '&') ++at;
    const std::string_view pair = query.substr(start, at - start);
    const bool is_format =
        pair.starts_with(kFormat) && (pair.size() == kFormat.size() || pair[kFormat.size()] == '=');
    if (!pair.empty() && !is_format) continue;
    if (run < start) kept.append(query, run, start - run);
    run = at + 1;
  }
  if (run < query.size()) {
    kept.append(query, run);
    if (kept.back() != '&') kept.push_back('&');
  }
  return kept;
}

/// Appends the address of the resource in another form. Path and query are HTML.
void append_link(std::string& html, std::string_view path, std::string_view others, std::string_view format) {
  html.append(path).append(1, '?').append(others).append("format=").append(format);
}

data formats() {
  data list(data::type::list);
  for (const auto& [name, link] : {std::pair("json", Gap::kJsonLink), std::pair("api", Gap::kPageLink)}) {
    data entry(data::type::object);
    entry.set("name", text(name));
    entry.set("href", gap(link));
    list.push_back(entry);
  }
  return list;
}

/// An empty body of this media type, to start the form with.
std::string sample_of(std::string_view media_type, std::span<const FieldDescription> fields) {
  std::string sample;
  if (media_type == "application/json") {
    for (const FieldDescription& field : fields) {
      sample += sample.empty() ? "{" : ", ";
      append_json_string(sample, field.name);
      sample += R"(: "")";
    }
    return sample + '}';
  }
  if (media_type == "application/x-www-form-urlencoded") {
    for (const FieldDescription& field : fields) {
      if (!sample.empty()) sample += '&';
      sample.append(field.name).append("=");
    }
    return sample;
  }
  for (const FieldDescription& field : fields) {
    sample +=
        fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n\r\n", kBoundary, field.name);
  }
  return sample + fmt::format("--{}--\r\n", kBoundary);
}

data post_of(const OperationDescription& operation) {
  data media_types(data::type::list);
  for (const std::string_view& type : operation.parses) {
    data entry(data::type::object);
    entry.set("type", data(type == "multipart/form-data" ? fmt::format("{}; boundary={}", type, kBoundary)
                                                         : std::string(type)));
    entry.set("content", data(sample_of(type, operation.fields)));
    entry.set("is_first", flag(&type == operation.parses.data()));
    media_types.push_back(entry);
  }
  data post(data::type::object);
  post.set("media_types", media_types);
  return post;
}

/// The part that a resource's pages have in common, rendered once.
Skeleton exchange_skeleton(const ApiSettings& settings, const ResourceDescription& description) {
  data page = page_data(settings, description.name, true);
  page.set("name", text(description.name));
  page.set("path", gap(Gap::kPath));
  page.set("description", blocks_of(description.text));
  page.set("breadcrumbs", gap(Gap::kBreadcrumbs));
  // A resource without GET is still shown by one (C-3).
  page.set("has_operations", flag(!description.operations.empty()));
  page.set("formats", formats());
  page.set("can_delete", flag(find_operation(description, http::Method::kDelete) != nullptr));
  const OperationDescription* const post = find_operation(description, http::Method::kPost);
  page.set("post", post == nullptr ? flag(false) : post_of(*post));
  page.set("request_line", gap(Gap::kRequestLine));
  page.set("status_line", gap(Gap::kStatusLine));
  page.set("headers", gap(Gap::kHeaders));
  page.set("body", gap(Gap::kBody));
  return Skeleton(page_template("resource.html").render(page));
}

/// A row of a page: a breadcrumb or a header.
Skeleton row_skeleton(std::string_view file, bool is_last = false) {
  data row(data::type::object);
  row.set("name", gap(Gap::kName));
  row.set("href", gap(Gap::kValue));
  row.set("value", gap(Gap::kValue));
  row.set("is_last", flag(is_last));
  return Skeleton(page_template(file).render(row));
}

void append_row(std::string& html, const Skeleton& row, std::string_view name, std::string_view value) {
  std::string escaped;
  escaped.reserve(name.size() + value.size() + 64);
  append_html_escaped(escaped, name);
  const std::size_t name_bytes = escaped.size();
  append_html_escaped(escaped, value);
  GapTexts texts;
  texts.set(Gap::kName, std::string_view(escaped).substr(0, name_bytes));
  texts.set(Gap::kValue, std::string_view(escaped).substr(name_bytes));
  row.append_filled(html, texts);
}

}  // namespace

struct Pages::Rendered {
  struct OfResource {
    const ResourceDescription* description;
    Skeleton skeleton;
  };
  const Skeleton crumb = row_skeleton("crumb.html");
  const Skeleton last_crumb = row_skeleton("crumb.html", true);
  const Skeleton header = row_skeleton("header.html");
  std::vector<OfResource> resources;
};

Pages::Pages(const ApiSettings& settings) : settings_(settings), rendered_(std::make_unique<Rendered>()) {}

Pages::~Pages() = default;

void Pages::prepare(const ResourceDescription& description) {
  for (const Rendered::OfResource& known : rendered_->resources) {
    if (known.description == &description) return;
  }
  rendered_->resources.push_back({&description, exchange_skeleton(settings_, description)});
}

void Pages::exchange(const ShownExchange& shown, const Visitor& visitor, http::ResponseWriter& response,
                     BootTime now) const {
  const Skeleton* skeleton = nullptr;
  for (const Rendered::OfResource& known : rendered_->resources) {
    if (known.description == &shown.description) skeleton = &known.skeleton;
  }
  LATCHKEY_ASSERT(skeleton != nullptr);

  std::array<std::string, kGaps> html;
  const auto of = [&html](Gap gap) -> std::string& { return html[static_cast<std::size_t>(gap)]; };
  // Printed as in the log.
  append_html_escaped(of(Gap::kAccount),
                      visitor.user_name.empty() ? std::string(kSignIn) : printable(visitor.user_name));
  append_html_escaped(of(Gap::kCsrfToken), visitor.csrf_token);
  append_html_escaped(of(Gap::kPath), shown.path);
  for (const Breadcrumb& breadcrumb : shown.breadcrumbs) {
    const bool is_last = &breadcrumb == &shown.breadcrumbs.back();
    append_row(of(Gap::kBreadcrumbs), is_last ? rendered_->last_crumb : rendered_->crumb, breadcrumb.name,
               breadcrumb.path);
  }
  // Parts of the request are escaped once, however often they are shown.
  std::string others;
  append_html_escaped(others, other_parameters(shown.query));
  append_link(of(Gap::kJsonLink), of(Gap::kPath), others, "json");
  append_link(of(Gap::kPageLink), of(Gap::kPath), others, "api");
  std::string& request_line = of(Gap::kRequestLine);
  append_html_escaped(request_line, shown.method);
  request_line.append(1, ' ').append(of(Gap::kPath));
  if (!shown.query.empty()) append_html_escaped(request_line.append(1, '?'), shown.query);
  of(Gap::kStatusLine) = fmt::format("HTTP {} {}", shown.status, http::reason_phrase(shown.status));
  for (const http::WrittenHeader& header : shown.headers)
    append_row(of(Gap::kHeaders), rendered_->header, header.name, header.value);

  if (!visitor.user_name.empty()) append_html_escaped(of(Gap::kVersion), settings_.version);

  GapTexts texts;
  for (std::size_t i = 0; i < kGaps; ++i) texts.set(static_cast<Gap>(i), html[i]);
  set_place(texts, place_of(shown.path));
  texts.set(Gap::kBody, shown.body);
  response.body(kHtmlType, skeleton->filled(texts), now);
}

}  // namespace latchkey::api
