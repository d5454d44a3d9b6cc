#include "api/description.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "latchkey/base/json_writer.h"

namespace latchkey::api {

namespace {

constexpr std::array<std::string_view, 2> kRenders = {"application/json", "text/html"};

void write_texts(JsonWriter& json, std::string_view name, std::span<const std::string_view> texts) {
  json.begin_array(name);
  for (const std::string_view text : texts) json.element(text);
  json.end();
}

void write_field(JsonWriter& json, const FieldDescription& field) {
  json.begin_object(field.name);
  json.member("type", "string");
  json.member("required", true);
  json.member("label", field.label);
  if (field.min_length != 0) json.member("min_length", field.min_length);
  json.member("max_length", field.max_length);
  json.end();
}

}  // namespace

std::string allow_of(const ResourceDescription& description) {
  std::string allow;
  for (const OperationDescription& operation : description.operations) {
    allow.append(operation.method_text).append(", ");
    if (operation.method == http::Method::kGet) allow += "HEAD, ";
  }
  if (!allow.empty()) allow += "OPTIONS";
  return allow;
}

std::string options_json_of(const ResourceDescription& description) {
  const auto reads_body = [](const OperationDescription& operation) { return !operation.parses.empty(); };
  const auto& operations = description.operations;
  const auto reading = std::find_if(operations.begin(), operations.end(), reads_body);
  const bool is_fixed = description.forms == Forms::kFixed;

  JsonWriter json;
  json.begin_object();
  json.member("name", description.name);
  json.member("description", description.text);
  write_texts(json, "renders", is_fixed ? std::span(&description.fixed_type, 1) : std::span(kRenders));
  write_texts(json, "parses",
              reading == operations.end() ? std::span<const std::string_view>{} : reading->parses);
  if (!description.added_in_version.empty()) json.member("added_in_version", description.added_in_version);
  if (reading != operations.end()) {
    json.begin_object("actions");
    json.begin_object(reading->method_text);
    for (const FieldDescription& field : reading->fields) write_field(json, field);
    json.end();
    json.end();
  }
  json.end();
  return json.take();
}

const OperationDescription* find_operation(const ResourceDescription& description,
                                           http::Method method) noexcept {
  if (method == http::Method::kHead) method = http::Method::kGet;
  for (const OperationDescription& operation : description.operations) {
    if (operation.method == method) return &operation;
  }
  return nullptr;
}

}  // namespace latchkey::api
