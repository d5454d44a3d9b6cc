// A process of another user, at a server's admin socket. Only root can play it.
// Thread: one; the child that plays it starts none.
#pragma once

#include <grp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string_view>
#include <vector>

namespace latchkey::test {

/// No such user need exist.
inline constexpr uid_t kStranger = 61'234;

/// What became of a question: see `ask_as_stranger`.
enum class StrangerGot { kAnswer, kNoAnswer, kNoConnection, kNoProcess };

/// Asks for the users at the admin socket, as kStranger, in these groups alone.
inline StrangerGot ask_as_stranger(const std::filesystem::path& socket, gid_t own = kStranger,
                                   const std::vector<gid_t>& others = {}) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto end = [](StrangerGot got) { ::_exit(static_cast<int>(got)); };
    if (::setgroups(others.size(), others.data()) != 0 || ::setgid(own) != 0 || ::setuid(kStranger) != 0)
      end(StrangerGot::kNoProcess);
    const int client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
    if (::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      end(StrangerGot::kNoConnection);
    constexpr std::string_view kAsk = "GET /users HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    ::send(client, kAsk.data(), kAsk.size(), MSG_NOSIGNAL);
    char answer = 0;
    end(::read(client, &answer, 1) > 0 ? StrangerGot::kAnswer : StrangerGot::kNoAnswer);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status))
    return StrangerGot::kNoProcess;
  return static_cast<StrangerGot>(WEXITSTATUS(status));
}

}  // namespace latchkey::test
