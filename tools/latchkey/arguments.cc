#include "arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "latchkey/base/percent.h"
#include "latchkey/base/utf8.h"
#include "latchkey/store/data_directory.h"
#include "output.h"

namespace latchkey::command {

namespace {

constexpr std::size_t kMaxPages = 100'000;

std::filesystem::path socket_of(const std::filesystem::path& data) {
  std::error_code ignored;
  if (whole_path(data) == kDataOfUnit && std::filesystem::exists(kSocketOfUnit, ignored))
    return kSocketOfUnit;
  return store::DataDirectory::admin_socket_path(data);
}

}  // namespace

int refuse(std::string_view text) {
  fmt::print(stderr, "latchkey: {}\n", text);
  return kExitRefused;
}

Result<void> check_encoding(const Arguments& arguments) {
  std::vector<std::string> texts = arguments.groups;
  texts.push_back(arguments.user);
  texts.push_back(arguments.new_name);
  for (const auto* const detail : {&arguments.first_name, &arguments.last_name, &arguments.email}) {
    texts.push_back(detail->value_or(""));
  }
  if (std::all_of(texts.begin(), texts.end(), [](const std::string& text) { return is_utf8(text); }))
    return {};
  return failure(ErrorCode::kInvalid,
                 "an argument is not valid UTF-8: see the terminal's encoding and `locale`");
}

BackendOptions options_of(const Arguments& arguments) {
  const std::filesystem::path data(arguments.data);
  const auto or_else = [](const std::string& given, std::filesystem::path derived) {
    return given.empty() ? std::move(derived) : std::filesystem::path(given);
  };
  return {.data = data,
          .socket = or_else(arguments.socket, socket_of(data)),
          .key_file = or_else(arguments.key_file, store::DataDirectory::key_path(data)),
          .may_create = arguments.create};
}

Result<std::unique_ptr<Backend>> backend_for(const Arguments& arguments) {
  return open_backend(options_of(arguments));
}

std::string path_of_user(const Arguments& arguments, std::string_view act) {
  return fmt::format("/users/{}{}", percent_encode_component(arguments.user), act);
}

Result<std::string> ask(Backend& backend, api::AdminRequest request) {
  LATCHKEY_TRY(api::AdminReply reply, backend.act(std::move(request)));
  if (reply.status / 100 != 2) return failure(ErrorCode::kInvalid, refusal_text(reply.json));
  return std::move(reply.json);
}

int act(const Arguments& arguments, api::AdminRequest request, const ReplyText& text) {
  Result<std::unique_ptr<Backend>> backend = backend_for(arguments);
  if (!backend) return refuse(backend.error().text);
  const Result<std::string> json = ask(**backend, std::move(request));
  if (!json) return refuse(json.error().text);
  fmt::print("{}{}", arguments.json ? *json : text(*json, (*backend)->place()), arguments.json ? "\n" : "");
  return kExitDone;
}

Result<std::vector<std::string>> ask_for_pages(Backend& backend, std::string_view path,
                                               std::string_view member) {
  std::vector<std::string> all;
  std::string after;
  for (std::size_t pages = 0; pages < kMaxPages; ++pages) {
    LATCHKEY_TRY(const std::string json,
                 ask(backend, {"GET", fmt::format("{}?after={}", path, percent_encode_component(after)),
                               SecretText()}));
    Page page = read_page(json, member);
    std::move(page.elements.begin(), page.elements.end(), std::back_inserter(all));
    if (page.next.empty()) break;
    after = std::move(page.next);
  }
  return all;
}

}  // namespace latchkey::command
