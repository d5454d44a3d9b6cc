#include "reload.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <vector>

#include "admin_client.h"
#include "arguments.h"
#include "latchkey/net/file_inbox.h"
#include "output.h"

namespace latchkey::command {

namespace {

Result<net::PassedFile> open_settings(const std::string& path) {
  // Without waiting, whatever stands there.
  net::PassedFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!file.is_there() || ::fstat(file.fd(), &status) != 0) {
    return failure(ErrorCode::kNotFound,
                   fmt::format("{}: cannot be opened: {}; name the file that the server's "
                               "--config names: latchkey reload FILE",
                               path, std::system_category().message(errno)));
  }
  if (!S_ISREG(status.st_mode)) {
    return failure(ErrorCode::kInvalid, fmt::format("{}: it is no regular file", path));
  }
  return file;
}

Result<api::AdminReply> pass(const BackendOptions& options, const std::string& path) {
  LATCHKEY_TRY(const net::PassedFile file, open_settings(path));
  const AdminSocket socket = admin_socket_of(options);
  Result<api::AdminReply> reply =
      ask_server(socket, {"POST", "/reload", SecretText(whole_path(path))}, file.fd());
  if (!reply && reply.error().code == ErrorCode::kNotFound) {
    return failure(
        ErrorCode::kNotFound,
        fmt::format("no server runs on {} (nobody answers at {}): its next start reads its settings",
                    options.data.string(), options.socket.string()));
  }
  return reply;
}

int refuse_all(const std::vector<std::string>& reasons) {
  for (const std::string& reason : reasons) fmt::print(stderr, "latchkey: {}\n", reason);
  fmt::print(stderr, "latchkey: nothing was changed\n");
  return kExitRefused;
}

std::string text_of(const ReloadReply& reply, const std::string& path) {
  std::string text;
  if (!reply.applied.empty()) text += fmt::format("in force: {}\n", fmt::join(reply.applied, ", "));
  if (!reply.pending.empty())
    text += fmt::format("waits for a restart: {}\n", fmt::join(reply.pending, ", "));
  for (const std::string& hidden : reply.hidden) text += fmt::format("hidden: {}\n", hidden);
  return text.empty() ? fmt::format("{} changes nothing\n", path) : text;
}

}  // namespace

int reload_server(const BackendOptions& options, const std::string& path, bool as_json) {
  const Result<api::AdminReply> answered = pass(options, path);
  if (!answered) return refuse_all({answered.error().text});
  const ReloadReply reply = read_reload_reply(answered->json);
  for (const std::string& warning : reply.warnings) fmt::print(stderr, "latchkey: warning: {}\n", warning);
  if (answered->status != 200) {
    return refuse_all(reply.problems.empty() ? std::vector{refusal_text(answered->json)} : reply.problems);
  }
  fmt::print("{}{}", as_json ? answered->json : text_of(reply, path), as_json ? "\n" : "");
  return reply.pending.empty() ? kExitDone : kExitInPart;
}

}  // namespace latchkey::command
