#include "api/openapi.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <vector>

#include "api/page_paths.h"
#include "api/resource.h"
#include "latchkey/api/answers.h"
#include "latchkey/base/json_writer.h"
#include "latchkey/http/characters.h"

namespace latchkey::api {

namespace {

/// The bodies that `AnswerDescription::schema` names.
struct Schema {
  std::string_view name;
  std::string_view json;
};

constexpr std::array<Schema, 9> kSchemas = {{
    {"Token",
     R"({"type":"object","required":["token","expires"],"properties":{)"
     R"("token":{"type":"string","pattern":"^[0-9a-f]{40}$"},"expires":{"type":"string","format":"date-time"}}})"},
    {"Session",
     R"({"type":"object","required":["username","expires","csrf_token"],"properties":{"username":{"type":"string"},)"
     R"("expires":{"type":"string","format":"date-time"},"csrf_token":{"type":"string"}}})"},
    {"Tokens",
     R"({"type":"object","required":["count","next","previous","results"],"properties":{"count":{"type":"integer"},)"
     R"("next":{"type":["string","null"]},"previous":{"type":"null"},"results":{"type":"array","items":{)"
     R"("type":"object","required":["id","created","last_used","expires","address","agent","current"],"properties":{)"
     R"("id":{"type":"integer"},"created":{"type":"string","format":"date-time"},)"
     R"("last_used":{"type":"string","format":"date-time"},"expires":{"type":"string","format":"date-time"},)"
     R"("address":{"type":"string"},"agent":{"type":"string"},"current":{"type":"boolean"}}}}}})"},
    {"Ended", R"({"type":"object","required":["ended"],"properties":{"ended":{"type":"integer"}}})"},
    {"Users",
     R"({"type":"object","required":["count","next","previous","results"],"properties":{"count":{"type":"integer"},)"
     R"("next":{"type":"null"},"previous":{"type":"null"},"results":{"type":"array","items":{"type":"object",)"
     R"("required":["id","username","first_name","last_name","email","is_superuser","groups"],"properties":{)"
     R"("id":{"type":"integer"},"username":{"type":"string"},"first_name":{"type":"string"},)"
     R"("last_name":{"type":"string"},"email":{"type":"string"},"is_superuser":{"type":"boolean"},)"
     R"("groups":{"type":"array","items":{"type":"string"}}}}}}})"},
    {"Document", R"({"type":"object"})"},
    {"Description",
     R"({"type":"object","required":["name","description","renders","parses"],"properties":{)"
     R"("name":{"type":"string"},"description":{"type":"string"},)"
     R"("renders":{"type":"array","items":{"type":"string"}},"parses":{"type":"array","items":{"type":"string"}},)"
     R"("added_in_version":{"type":"string"},"actions":{"type":"object"}}})"},
    {"Detail", R"({"type":"object","required":["detail"],"properties":{"detail":{"type":"string"}}})"},
    {"Problems",
     R"({"type":"object","description":"What is wrong, by field; __all__ for what no one field is to blame for.",)"
     R"("additionalProperties":{"anyOf":[{"type":"string"},{"type":"array","items":{"type":"string"}}]}})"},
}};

constexpr std::string_view kSecuritySchemes =
    R"({"token":{"type":"apiKey","in":"header","name":"Authorization","description":"`Token`, a space, and the token."},)"
    R"("bearer":{"type":"http","scheme":"bearer"},)"
    R"("x_auth_token":{"type":"apiKey","in":"header","name":"X-Auth-Token","description":"`Token`, a space, and the token."},)"
    R"("cookie":{"type":"apiKey","in":"cookie","name":"token","description":"Unsafe methods need X-CSRF-Token beside it, but for /auth/verify, which changes nothing."},)"
    R"("basic":{"type":"http","scheme":"basic"}})";
constexpr std::string_view kTokenSecurity =
    R"([{"token":[]},{"bearer":[]},{"x_auth_token":[]},{"cookie":[]})";

constexpr AnswerDescription kVerified[] = {
    {200, "The request may pass; X-Auth-User names its user.", {}},
    {302, "The way to the sign-in page, for a navigation; not from /auth/verify.", {}},
    {401, "The credentials admit nobody; X-Auth-Reason says why.", {}},
    {403, "The user may not enter, or no site has the host; X-Auth-Reason says which.", {}},
    {429, "Too many failed attempts by Basic; from /auth/verify it is 401.", {}},
    {503, "The server cannot know; `Retry-After` says when to try again.", {}},
};

// The answers that an operation may give besides its own, by the credentials that it reads.
constexpr AnswerDescription kOfUnsafeMethods[] = {
    {403, "The proof that the request comes from this server's pages is missing.", "Detail"},
};
constexpr AnswerDescription kOfUsers[] = {
    {401, "The credentials admit nobody.", "Detail"},
};
constexpr AnswerDescription kOfCredentials[] = {
    {400, "`Authorization` or `X-Auth-Token` stands twice: it is not clear which counts.", "Detail"},
    {429, "Too many failed attempts by Basic; `Retry-After` says when to try again.", "Detail"},
    {503, "A bound is reached; `Retry-After` says when to try again.", "Detail"},
};
constexpr AnswerDescription kOfBodies[] = {
    {413, "The body is too long.", "Detail"},
    {415, "The body is of a media type that is not read.", "Detail"},
};
constexpr AnswerDescription kOfForms[] = {
    {406, "Neither JSON nor HTML is acceptable.", "Detail"},
};
constexpr AnswerDescription kDescribed[] = {{200, "The resource's description.", "Description"}};

/// An answer that many operations give. It is written once, and they refer to it.
struct SharedAnswer {
  std::string_view name;
  const AnswerDescription& answer;
};
constexpr SharedAnswer kSharedAnswers[] = {
    {"Forged", kOfUnsafeMethods[0]},  {"NotAdmitted", kOfUsers[0]},        {"Ambiguous", kOfCredentials[0]},
    {"Throttled", kOfCredentials[1]}, {"Busy", kOfCredentials[2]},         {"TooLong", kOfBodies[0]},
    {"NotRead", kOfBodies[1]},        {"NotAcceptable", kOfForms[0]},      {"Described", kDescribed[0]},
    {"MayPass", kVerified[0]},        {"SignInFirst", kVerified[1]},       {"MayNotPass", kVerified[2]},
    {"MayNotEnter", kVerified[3]},    {"QuestionThrottled", kVerified[4]}, {"QuestionBusy", kVerified[5]},
};

/// Parameters that many operations take, by their names under `components`.
constexpr std::string_view kFormatName = "format";
constexpr std::string_view kCsrfName = "csrf";
constexpr std::string_view kFormatParameter =
    R"({"name":"format","in":"query","description":"Beats Accept.","schema":{"type":"string","enum":["json","api"]}})";
constexpr std::string_view kCsrfParameter =
    R"({"name":"X-CSRF-Token","in":"header","description":"Needed where the cookie alone authenticates.",)"
    R"("schema":{"type":"string"}})";
constexpr OperationDescription kVerify = {
    http::Method::kGet, "GET", "", "Whether the request's token admits; by any method",
    Access::kUser,      {},    {}, kVerified};
constexpr OperationDescription kOptions = {http::Method::kOptions, "OPTIONS", "", "What the resource is",
                                           Access::kAnyone,        {},        {}, kDescribed};

constexpr std::string_view kTextSchema = R"({"type":"string"})";

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = http::to_lower(c);
  return lower;
}

constexpr std::string_view kVersion1 = "/api/v1/";
constexpr std::string_view kPagesTag = "pages";
constexpr std::string_view kProxiesTag = "proxies";
constexpr std::string_view kInspectionTag = "inspection";

/// The groups of operations. A generated client has a class for each.
struct Tag {
  std::string_view name;
  std::string_view text;
};
constexpr std::array<Tag, 8> kTags = {{
    {"tokens", "Obtaining tokens, and seeing and ending one's own."},
    {"account", "Who one is, and one's password."},
    {"session", "The session of a browser: a token in a cookie."},
    {"directory", "What there is."},
    {kProxiesTag, "The question that a proxy asks about each request."},
    {kPagesTag, "The pages for people, and what these use under paths of their own."},
    {"v1", "The resources of version 2 under the paths that clients of old have."},
    {kInspectionTag, "HEAD and OPTIONS of each resource."},
}};

/// Whether the resource is under another path too, and this one is for the pages.
bool is_for_pages(std::span<const Route> routes, const Route& route) {
  return is_of_pages(route.path.text()) &&
         std::any_of(routes.begin(), routes.end(), [&route](const Route& other) {
           return other.resource == route.resource && !is_of_pages(other.path.text());
         });
}

std::string_view tag_of(std::span<const Route> routes, const Route& route) {
  if (route.path.text().starts_with(kVersion1)) return "v1";
  if (is_for_pages(routes, route)) return kPagesTag;
  const ResourceDescription& description = route.resource->description();
  return description.operations.empty() ? kProxiesTag : description.tag;
}

/// What tells the operations of one resource under several paths apart.
std::string_view suffix_of(std::span<const Route> routes, const Route& route) {
  if (route.path.text().starts_with(kVersion1)) return "V1";
  if (is_for_pages(routes, route)) return "ForPages";
  return route.resource->description().operations.empty() && !route.path.name().empty() ? "Below" : "";
}

/// The name without blanks, to be a part of an identifier.
std::string joined(std::string_view name) {
  std::string joined;
  for (const char c : name) {
    if (http::is_alphanumeric(c)) joined += c;
  }
  return joined;
}

std::string capitalized(std::string_view method) {
  std::string text = lower_case(method);
  text.front() = method.front();
  return text;
}

/// `listTokens`: unique for each operation of the document, and fit to be the name of a function.
std::string operation_id(std::span<const Route> routes, const Route& route,
                         const OperationDescription& operation, std::string_view method) {
  const ResourceDescription& resource = route.resource->description();
  std::string id;
  if (&operation == &kOptions) {
    id = "describe" + joined(resource.name);
  } else if (&operation == &kVerify) {
    id = joined(resource.name);
    id.front() = http::to_lower(id.front());
  } else {
    id = operation.id;
    if (method != operation.method_text) id.append(capitalized(method));
  }
  return id.append(suffix_of(routes, route));
}

/// Drops the star: OpenAPI has no notation for "and everything below".
std::string openapi_path(const PathTemplate& path) {
  std::string text(path.text());
  if (const std::size_t star = text.find('*'); star != std::string::npos) text.erase(star, 1);
  return text;
}

std::string reference(std::string_view section, std::string_view name) {
  return fmt::format(R"({{"$ref":"#/components/{}/{}"}})", section, name);
}

void write_fields(JsonWriter& writer, std::span<const FieldDescription> fields) {
  writer.begin_object("schema");
  writer.member("type", "object");
  writer.begin_array("required");
  for (const FieldDescription& field : fields) writer.element(field.name);
  writer.end();
  writer.begin_object("properties");
  for (const FieldDescription& field : fields) {
    writer.begin_object(field.name);
    writer.member("type", "string");
    writer.member("title", field.label);
    if (field.is_password) writer.member("format", "password");
    if (field.min_length != 0) writer.member("minLength", field.min_length);
    writer.member("maxLength", field.max_length);
    writer.end();
  }
  writer.end();
  writer.end();
}

/// Whether the operation needs more than a cookie.
bool needs_proof(const OperationDescription& operation) noexcept {
  const bool is_unsafe = operation.method == http::Method::kPost || operation.method == http::Method::kDelete;
  return is_unsafe && operation.access != Access::kAnyone;
}

/// The operation's own answers and those common to its kind, by status.
std::map<int, AnswerDescription> answers_of(const ResourceDescription& resource,
                                            const OperationDescription& operation) {
  std::map<int, AnswerDescription> answers;
  const auto add = [&answers](std::span<const AnswerDescription> further) {
    for (const AnswerDescription& answer : further) answers.emplace(answer.status, answer);
  };
  add(operation.answers);
  if (needs_proof(operation)) add(kOfUnsafeMethods);
  if (operation.access == Access::kUser) {
    add(kOfUsers);
    if (&operation != &kVerify) add(kOfCredentials);
  }
  if (operation.access == Access::kHolder) add(std::span(kOfCredentials).first<1>());
  if (!operation.parses.empty()) add(kOfBodies);
  if (resource.forms == Forms::kNegotiated) add(kOfForms);
  return answers;
}

const SharedAnswer* find_shared(const AnswerDescription& answer) noexcept {
  const auto* const found = std::find_if(
      std::begin(kSharedAnswers), std::end(kSharedAnswers), [&answer](const SharedAnswer& shared) {
        return shared.answer.status == answer.status && shared.answer.meaning == answer.meaning;
      });
  return found == std::end(kSharedAnswers) ? nullptr : found;
}

/// Writes the answer as the member `key`. `is_negotiated`: it may be a page, too.
void write_answer(JsonWriter& writer, std::string_view key, const AnswerDescription& answer,
                  bool is_negotiated, std::string_view own_form) {
  writer.begin_object(key);
  writer.member("description", answer.meaning);
  if (!own_form.empty()) {
    writer.begin_object("content");
    writer.begin_object(own_form);
    writer.raw_member("schema", kTextSchema);
    writer.end();
    writer.end();
  } else if (!answer.schema.empty()) {
    writer.begin_object("content");
    writer.raw_member(kJsonType, fmt::format(R"({{"schema":{}}})", reference("schemas", answer.schema)));
    if (is_negotiated) {
      writer.begin_object("text/html");
      writer.raw_member("schema", kTextSchema);
      writer.end();
    }
    writer.end();
  }
  writer.end();
}

void write_answers(JsonWriter& writer, const ResourceDescription& resource,
                   const OperationDescription& operation) {
  const bool is_negotiated = resource.forms == Forms::kNegotiated;
  writer.begin_object("responses");
  for (const auto& [status, answer] : answers_of(resource, operation)) {
    const SharedAnswer* const shared = find_shared(answer);
    // One without a body is the same in every form.
    if (shared != nullptr && (is_negotiated || answer.schema.empty())) {
      writer.raw_member(fmt::to_string(status), reference("responses", shared->name));
      continue;
    }
    const bool has_own_form =
        !is_negotiated && !resource.operations.empty() && status == 200 && answer.schema.empty();
    write_answer(writer, fmt::to_string(status), answer, is_negotiated,
                 has_own_form ? resource.fixed_type : std::string_view());
  }
  writer.end();
}

void write_parameters(JsonWriter& writer, const ResourceDescription& resource,
                      const OperationDescription& operation) {
  writer.begin_array("parameters");
  for (const ParameterDescription& parameter : operation.parameters) {
    writer.begin_object();
    writer.member("name", parameter.name);
    writer.member("in", "query");
    writer.member("description", parameter.meaning);
    writer.raw_member("schema", kTextSchema);
    writer.end();
  }
  if (resource.forms == Forms::kNegotiated) writer.raw_element(reference("parameters", kFormatName));
  if (needs_proof(operation)) writer.raw_element(reference("parameters", kCsrfName));
  writer.end();
}

void write_operation(JsonWriter& writer, std::span<const Route> routes, const Route& route,
                     const OperationDescription& operation, std::string_view method) {
  const bool is_inspection = method == "HEAD" || method == "OPTIONS";
  writer.begin_object(lower_case(method));
  writer.member("operationId", operation_id(routes, route, operation, method));
  writer.begin_array("tags");
  writer.element(is_inspection ? kInspectionTag : tag_of(routes, route));
  writer.end();
  writer.member("summary", operation.summary);
  // Those of a user are the document's.
  if (operation.access == Access::kAnyone) writer.raw_member("security", "[]");
  if (operation.access == Access::kHolder)
    writer.raw_member("security", std::string(kTokenSecurity).append(",{}]"));
  if (!operation.parses.empty()) {
    writer.begin_object("requestBody");
    writer.member("required", true);
    writer.begin_object("content");
    for (const std::string_view type : operation.parses) {
      writer.begin_object(type);
      write_fields(writer, operation.fields);
      writer.end();
    }
    writer.end();
    writer.end();
  }
  const ResourceDescription& resource = route.resource->description();
  write_parameters(writer, resource, operation);
  write_answers(writer, resource, operation);
  writer.end();
}

void write_path(JsonWriter& writer, std::span<const Route> routes, const Route& route) {
  const ResourceDescription& description = route.resource->description();
  writer.begin_object(openapi_path(route.path));
  writer.member("summary", description.name);
  writer.member("description", description.text);
  if (!route.path.name().empty()) {
    writer.raw_member(
        "parameters",
        fmt::format(R"([{{"name":"{}","in":"path","required":true,"schema":{{"type":"string"}}}}])",
                    route.path.name()));
  }
  for (const OperationDescription& operation : description.operations) {
    write_operation(writer, routes, route, operation, operation.method_text);
    if (operation.method == http::Method::kGet) write_operation(writer, routes, route, operation, "HEAD");
  }
  if (description.operations.empty()) {
    // OpenAPI has no notation for "any method", and a client needs one of them.
    write_operation(writer, routes, route, kVerify, kVerify.method_text);
  } else {
    write_operation(writer, routes, route, kOptions, kOptions.method_text);
  }
  writer.end();
}

}  // namespace

std::string openapi_json(std::span<const Route> routes, std::string_view version) {
  JsonWriter writer;
  writer.begin_object();
  writer.member("openapi", "3.1.0");
  writer.begin_object("info");
  writer.member("title", "Latchkey");
  writer.member(
      "description",
      "Trades a username and a password for a token, and admits or refuses every later request by it.");
  writer.member("version", version);
  writer.raw_member("license", R"({"name":"Apache License 2.0","identifier":"Apache-2.0"})");
  writer.end();
  writer.raw_member("security", std::string(kTokenSecurity).append(R"(,{"basic":[]}])"));
  writer.begin_object("paths");
  for (const Route& route : routes) write_path(writer, routes, route);
  writer.end();
  writer.begin_array("tags");
  for (const Tag& tag : kTags) {
    writer.begin_object();
    writer.member("name", tag.name);
    writer.member("description", tag.text);
    writer.end();
  }
  writer.end();
  writer.begin_object("components");
  writer.begin_object("schemas");
  for (const Schema& schema : kSchemas) writer.raw_member(schema.name, schema.json);
  writer.end();
  writer.begin_object("responses");
  for (const SharedAnswer& shared : kSharedAnswers)
    write_answer(writer, shared.name, shared.answer, true, {});
  writer.end();
  writer.begin_object("parameters");
  writer.raw_member(kFormatName, kFormatParameter);
  writer.raw_member(kCsrfName, kCsrfParameter);
  writer.end();
  writer.raw_member("securitySchemes", kSecuritySchemes);
  writer.end();
  writer.end();
  return writer.take();
}

}  // namespace latchkey::api
