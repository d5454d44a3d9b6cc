#include "latchkey/api/pages.h"

#include <fmt/format.h>

#include <kainjow/mustache.hpp>
#include <utility>

#include "latchkey/api/page_files.h"
#include "latchkey/base/assert.h"
#include "latchkey/base/json_text.h"
#include "latchkey/base/printable.h"

namespace latchkey::api {

namespace {

using kainjow::mustache::data;
using kainjow::mustache::mustache;
using kainjow::mustache::partial;

constexpr std::size_t kIndent = 4;
constexpr std::string_view kCodeIndent = "    ";
constexpr std::string_view kBoundary = "latchkey";

// Style, script, images and requests from this server alone; nothing inline.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

mustache template_of(std::string_view name) {
  mustache read{std::string(page_file(name).bytes)};
  LATCHKEY_ASSERT(read.is_valid());
  return read;
}

partial partial_of(std::string_view name) {
  return partial([name] { return std::string(page_file(name).bytes); });
}

data flag(bool value) { return data(value); }

data text(std::string_view value) { return data(std::string(value)); }

/// An empty text counts as true in the library's sections; in ours it does not.
data text_or_false(std::string_view value) { return value.empty() ? flag(false) : text(value); }

/// Where a page file is served. The version stands in the query, so that a browser may keep what it has.
std::string versioned_path_of(std::string_view name) {
  return fmt::format("/api/static/{}?{}", name, page_file(name).version);
}

/// A description's text as paragraphs and blocks that are set as they stand.
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

data breadcrumbs_of(const std::vector<Breadcrumb>& breadcrumbs) {
  data list(data::type::list);
  for (const Breadcrumb& breadcrumb : breadcrumbs) {
    data entry(data::type::object);
    entry.set("name", text(breadcrumb.name));
    entry.set("href", text(breadcrumb.path));
    entry.set("is_last", flag(&breadcrumb == &breadcrumbs.back()));
    list.push_back(entry);
  }
  return list;
}

/// The query without its `format`, for links that name another.
std::string other_parameters(std::string_view query) {
  std::string kept;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    if (!pair.empty() && pair != "format" && !pair.starts_with("format=")) kept.append(pair).append("&");
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return kept;
}

data formats_of(const ShownExchange& shown) {
  data list(data::type::list);
  for (const std::string_view name : {"json", "api"}) {
    data entry(data::type::object);
    entry.set("name", text(name));
    entry.set("href", data(fmt::format("{}?{}format={}", shown.path, other_parameters(shown.query), name)));
    list.push_back(entry);
  }
  return list;
}

/// An empty body of this media type, for the form to begin with.
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

data headers_of(const std::vector<http::WrittenHeader>& headers) {
  data list(data::type::list);
  for (const http::WrittenHeader& header : headers) {
    data entry(data::type::object);
    entry.set("name", text(header.name));
    entry.set("value", text(header.value));
    list.push_back(entry);
  }
  return list;
}

data page_of(const ApiSettings& settings, std::string_view title, const Visitor& visitor) {
  data page(data::type::object);
  page.set("title", text(title));
  page.set("node", text(settings.node));
  page.set("version", text(settings.version));
  page.set("style_href", data(versioned_path_of("style.css")));
  page.set("script_href", data(versioned_path_of("script.js")));
  page.set("icon_href", data(versioned_path_of("icon.svg")));
  // As the log shows it; the field of the form has it as it is.
  page.set("username", text_or_false(printable(visitor.user_name)));
  page.set("username_value", text(visitor.user_name));
  page.set("csrf_token", text(visitor.csrf_token));
  page.set("head", data(partial_of("head.html")));
  page.set("banner", data(partial_of("banner.html")));
  return page;
}

}  // namespace

struct Pages::Templates {
  mustache exchange = template_of("resource.html");
  mustache sign_in = template_of("signin.html");
  mustache sessions = template_of("sessions.html");
};

Pages::Pages(const ApiSettings& settings) : settings_(settings), templates_(std::make_unique<Templates>()) {}

Pages::~Pages() = default;

std::string Pages::exchange(const ShownExchange& shown, const Visitor& visitor) const {
  const ResourceDescription& description = shown.description;
  const std::string target =
      shown.query.empty() ? std::string(shown.path) : fmt::format("{}?{}", shown.path, shown.query);
  data page = page_of(settings_, description.name, visitor);
  page.set("name", text(description.name));
  page.set("path", text(shown.path));
  page.set("description", blocks_of(description.text));
  page.set("breadcrumbs", breadcrumbs_of(shown.breadcrumbs));
  // A resource without GET is shown by one all the same (C-3).
  page.set("has_operations", flag(!description.operations.empty()));
  page.set("formats", formats_of(shown));
  page.set("can_delete", flag(find_operation(description, http::Method::kDelete) != nullptr));
  const OperationDescription* const post = find_operation(description, http::Method::kPost);
  page.set("post", post == nullptr ? flag(false) : post_of(*post));
  page.set("request_line", data(fmt::format("{} {}", shown.method, target)));
  page.set("status_line", data(fmt::format("HTTP {} {}", shown.status, http::reason_phrase(shown.status))));
  page.set("headers", headers_of(shown.headers));
  page.set("has_body", flag(!shown.body.empty()));
  page.set("body", data(indent_json(visible_json(shown.body), kIndent)));
  return templates_->exchange.render(page);
}

std::string Pages::sign_in() const { return templates_->sign_in.render(page_of(settings_, "Sign in", {})); }

std::string Pages::sessions(const Visitor& visitor) const {
  return templates_->sessions.render(page_of(settings_, "Sessions", visitor));
}

void add_page_headers(http::ResponseWriter& response) {
  response.header("Content-Security-Policy", kContentSecurityPolicy)
      .header("X-Content-Type-Options", "nosniff")
      .header("Referrer-Policy", "same-origin")
      .header("Cross-Origin-Opener-Policy", "same-origin");
}

}  // namespace latchkey::api
