#include "latchkey/api/description.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "latchkey/base/json_text.h"

namespace latchkey::api {

namespace {

constexpr std::array<std::string_view, 2> kRenders = {"application/json", "text/html"};

void append_list(std::string& json, std::span<const std::string_view> texts) {
  json += '[';
  for (const std::string_view& text : texts) {
    if (&text != texts.data()) json += ',';
    append_json_string(json, text);
  }
  json += ']';
}

void append_field(std::string& json, const FieldDescription& field) {
  append_json_string(json, field.name);
  json += R"(:{"type":"string","required":true,"label":)";
  append_json_string(json, field.label);
  if (field.min_length != 0)
    fmt::format_to(std::back_inserter(json), R"(,"min_length":{})", field.min_length);
  fmt::format_to(std::back_inserter(json), R"(,"max_length":{}}})", field.max_length);
}

void append_action(std::string& json, const OperationDescription& operation) {
  append_json_string(json, operation.method_text);
  json += ":{";
  for (const FieldDescription& field : operation.fields) {
    if (&field != operation.fields.data()) json += ',';
    append_field(json, field);
  }
  json += '}';
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

  std::string json = R"({"name":)";
  append_json_string(json, description.name);
  json += R"(,"description":)";
  append_json_string(json, description.text);
  json += R"(,"renders":)";
  append_list(json, is_fixed ? std::span(&description.fixed_type, 1) : std::span(kRenders));
  json += R"(,"parses":)";
  append_list(json, reading == operations.end() ? std::span<const std::string_view>{} : reading->parses);
  if (!description.added_in_version.empty()) {
    json += R"(,"added_in_version":)";
    append_json_string(json, description.added_in_version);
  }
  if (reading != operations.end()) {
    json += R"(,"actions":{)";
    append_action(json, *reading);
    json += '}';
  }
  json += '}';
  return json;
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
