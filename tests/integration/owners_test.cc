// Ownership of the data. The server, --check and the command refuse files that others could have read or
// written, and name the command that fixes it. No password goes to a process that only pretends to be the
// server.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "integration/stranger.h"
#include "support/rig.h"

namespace latchkey::test {
namespace {

namespace fs = std::filesystem;

Finished start(const fs::path& data, const std::vector<std::string>& flags = {}) {
  ServerOptions options;
  options.flags = flags;
  return run_to_end(server_command(data, options));
}

/// A data directory in which a server has run and been killed, so that it has all of its files.
class Owners : public ::testing::Test {
 protected:
  Owners() {
    ServerProcess server(data_);
    add_user(data_, kUser, kPassword);
    server.kill();
    // The kernel may keep answering on the socket while it takes down the ring that holds it.
    fs::remove(data_ / "admin.sock");
  }

  /// Expects the server, --check and the command to refuse with a sentence that contains all of these.
  void expect_refused(const std::vector<std::string>& parts, bool by_the_command = true) {
    std::vector<Finished> refusals = {start(data_), start(data_, {"--check"})};
    if (by_the_command) refusals.push_back(run_latchkey(data_, {"user", "list"}));
    for (const Finished& refusal : refusals) {
      EXPECT_EQ(refusal.status, 1) << refusal.output << refusal.errors;
      for (const std::string& part : parts) {
        EXPECT_NE(refusal.errors.find(part), std::string::npos) << part << " in: " << refusal.errors;
      }
    }
  }
  void expect_good() {
    const Finished checked = start(data_, {"--check"});
    EXPECT_EQ(checked.status, 0) << checked.output << checked.errors;
  }

  TemporaryDirectory directory_;
  const fs::path data_ = directory_ / "data";
};

TEST_F(Owners, OfADirectoryThatOthersMayWriteToAreToldHowToMendIt) {
  for (const mode_t mode : {0777U, 0770U, 0702U, 01777U}) {
    ASSERT_EQ(::chmod(data_.c_str(), mode), 0);
    expect_refused({data_, "chmod 700 " + data_.string()});
  }
  for (const mode_t mode : {0700U, 0750U, 0755U}) {
    ASSERT_EQ(::chmod(data_.c_str(), mode), 0);
    expect_good();
  }
}

TEST_F(Owners, OfAFileThatOthersMayReachAreToldHowToMendIt) {
  for (const std::string name :
       {"latchkey.db", "latchkey.db-wal", "latchkey.db-shm", "latchkeyd.lock", "latchkey.key"}) {
    const fs::path file = data_ / name;
    ASSERT_TRUE(fs::exists(file)) << file;
    for (const mode_t mode : {0666U, 0640U, 0604U, 0620U}) {
      ASSERT_EQ(::chmod(file.c_str(), mode), 0);
      expect_refused({file, "chmod 600 " + file.string()}, name != "latchkey.key");
    }
    ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
    expect_good();
  }
}

TEST_F(Owners, WhoAreOthersAreToldHowToMendIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  struct stat own {};
  ASSERT_EQ(::stat(data_.c_str(), &own), 0);
  for (const std::string name : {"latchkey.db", "latchkey.db-wal", "latchkeyd.lock", "latchkey.key"}) {
    const fs::path file = data_ / name;
    ASSERT_EQ(::chown(file.c_str(), kStranger, kStranger), 0);
    // Unless you are root, you cannot even open another user's key.
    const bool opens = own.st_uid == 0 || name != "latchkey.key";
    expect_refused(opens ? std::vector<std::string>{file, std::to_string(kStranger), "chown "}
                         : std::vector<std::string>{file},
                   name != "latchkey.key");
    ASSERT_EQ(::chown(file.c_str(), own.st_uid, own.st_gid), 0);
    expect_good();
  }
}

TEST_F(Owners, OfADatabaseThatIsALinkAreTold) {
  const fs::path database = data_ / "latchkey.db";
  const fs::path away = directory_ / "away.db";
  fs::rename(database, away);
  fs::create_symlink(away, database);
  expect_refused({database, "symbolic link"});
  fs::remove(database);
  fs::rename(away, database);
  expect_good();
  fs::create_hard_link(database, away);
  expect_refused({database, "samefile"});
  fs::remove(away);
  expect_good();
}

TEST_F(Owners, OfADirectoryThatIsReachedByALinkNeedNotMind) {
  fs::create_directory_symlink(data_, directory_ / "link");
  const Finished checked = start(directory_ / "link", {"--check"});
  EXPECT_EQ(checked.status, 0) << checked.errors;
}

TEST_F(Owners, OfAnAdminSocketKeepItWhereNobodyCanPutAnotherInItsPlace) {
  const fs::path shared = directory_ / "shared";
  fs::create_directory(shared);
  ASSERT_EQ(::chmod(shared.c_str(), 0777), 0);
  for (const bool check : {false, true}) {
    std::vector<std::string> flags = {"--admin-socket", shared / "admin.sock"};
    if (check) flags.emplace_back("--check");
    const Finished refused = start(data_, flags);
    EXPECT_EQ(refused.status, 1) << refused.output;
    EXPECT_NE(refused.errors.find("chmod go-w " + shared.string()), std::string::npos) << refused.errors;
  }
}

TEST_F(Owners, WhoseServerIsDownAreWhomRootsCommandBecomes) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root becomes another user";
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0700), 0);  // as /var/lib/private: only root passes
  for (const fs::directory_entry& entry : fs::directory_iterator(data_)) {
    ASSERT_EQ(::chown(entry.path().c_str(), kStranger, kStranger), 0);
  }
  ASSERT_EQ(::chown(data_.c_str(), kStranger, kStranger), 0);
  const Finished added = run_latchkey(data_, {"user", "add", "bob", "--password-stdin"}, "open sesame\n");
  EXPECT_EQ(added.status, 0) << added.errors;
  const Finished renewed = run_latchkey(data_, {"key", "renew"});
  EXPECT_EQ(renewed.status, 0) << renewed.errors;
  for (const fs::directory_entry& entry : fs::directory_iterator(data_)) {
    struct stat status {};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, kStranger) << entry.path();
  }
}

TEST(OwnFiles, AreTheirOwnersAloneWhateverTheUmask) {
  for (const mode_t umask : {0U, 0777U, 0277U}) {
    TemporaryDirectory directory;
    const fs::path data = directory / "data";
    const mode_t before = ::umask(umask);
    EXPECT_EQ(run_latchkey(data, {"user", "add", "alice", "--create", "--password-stdin"}, "x\n").status, 0);
    ServerProcess server(data);
    ::umask(before);
    struct stat status {};
    ASSERT_EQ(::stat(data.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, mode_t{0700});
    for (const fs::directory_entry& entry : fs::directory_iterator(data)) {
      ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
      EXPECT_EQ(status.st_mode & 07777, mode_t{0600}) << entry.path();
    }
    EXPECT_EQ(server.stop(), 0) << server.log();
  }
}

/// A stranger's process that listens at `path`. It reads what it is sent, and reports how much that was when
/// asked.
class Impostor {
 public:
  explicit Impostor(const fs::path& path) {
    if (::pipe2(ends_, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    child_ = ::fork();
    if (child_ == 0) listen_at(path);
    char ready = 0;
    if (::read(ends_[0], &ready, 1) != 1) throw std::runtime_error("the impostor does not listen");
  }
  ~Impostor() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  Impostor(const Impostor&) = delete;
  Impostor& operator=(const Impostor&) = delete;

  /// How many bytes the next client to connect sent before it left.
  long long received() const {
    long long bytes = -1;
    if (::read(ends_[0], &bytes, sizeof bytes) != sizeof bytes) return -1;
    return bytes;
  }

 private:
  [[noreturn]] void listen_at(const fs::path& path) const {
    const int door = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (::bind(door, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) ::_exit(1);
    ::chmod(path.c_str(), 0666);
    if (::setgid(kStranger) != 0 || ::setuid(kStranger) != 0 || ::listen(door, 8) != 0) ::_exit(1);
    if (::write(ends_[1], "r", 1) != 1) ::_exit(1);
    while (true) {
      const int client = ::accept(door, nullptr, nullptr);
      long long bytes = 0;
      char part[4096];
      for (ssize_t got = 0; (got = ::read(client, part, sizeof part)) > 0;) bytes += got;
      ::close(client);
      if (::write(ends_[1], &bytes, sizeof bytes) != sizeof bytes) ::_exit(1);
    }
  }

  int ends_[2] = {-1, -1};
  pid_t child_ = -1;
};

TEST(AdminSocket, OfAStrangerIsSentNothing) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can play another user";
  TemporaryDirectory directory;
  const fs::path data = directory / "data";
  ASSERT_EQ(run_latchkey(data, {"user", "add", "alice", "--create", "--password-stdin"}, "one\n").status, 0);
  Impostor impostor(data / "admin.sock");
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"user", "passwd", "alice", "--password-stdin"},
        {"user", "add", "bob", "--password-stdin"},
        {"user", "list"},
        {"key", "renew"}}) {
    const Finished refused = run_latchkey(data, words, "secret\n");
    EXPECT_EQ(refused.status, 1) << refused.output;
    EXPECT_NE(refused.errors.find(std::to_string(kStranger)), std::string::npos) << refused.errors;
    EXPECT_NE(refused.errors.find("nothing was sent"), std::string::npos) << refused.errors;
    EXPECT_EQ(impostor.received(), 0);
  }
}

/// A process of the right user that is not the server. Whoever asks it gets `part` again and again.
class EndlessAnswer {
 public:
  EndlessAnswer(const fs::path& path, std::string part) : part_(std::move(part)) {
    door_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (::bind(door_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(door_, 8) != 0) {
      throw std::runtime_error("no socket to answer at");
    }
    thread_ = std::thread([this] { answer(); });
  }
  ~EndlessAnswer() {
    ::shutdown(door_, SHUT_RDWR);
    thread_.join();
    ::close(door_);
  }
  EndlessAnswer(const EndlessAnswer&) = delete;
  EndlessAnswer& operator=(const EndlessAnswer&) = delete;

 private:
  void answer() const {
    for (int client = 0; (client = ::accept(door_, nullptr, nullptr)) >= 0;) {
      while (::send(client, part_.data(), part_.size(), MSG_NOSIGNAL) > 0) {
      }
      ::close(client);
    }
  }

  const std::string part_;
  int door_ = -1;
  std::thread thread_;
};

TEST(AdminSocket, AnAnswerWithoutAnEndIsNone) {
  TemporaryDirectory directory;
  const fs::path data = directory / "data";
  ASSERT_EQ(run_latchkey(data, {"user", "add", "alice", "--create", "--password-stdin"}, "one\n").status, 0);
  const std::string filler = "X: " + std::string(15'000, 'x') + "\r\n\r\n";
  for (const std::string& part : {"HTTP/1.1 100 Continue\r\n" + filler, filler}) {
    const fs::path door = directory / (part.front() == 'H' ? "interim" : "no-answer");
    const EndlessAnswer server(door, part);
    const Finished refused = run_latchkey(data, {"--admin-socket", door.string(), "user", "list"});
    EXPECT_EQ(refused.status, 1) << refused.output;
    EXPECT_NE(refused.errors.find("gave no whole answer"), std::string::npos) << refused.errors;
  }
}

TEST(AdminSocket, ServesNoStrangerEvenWhereItsModeWouldLetHimIn) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can play another user";
  OwnServer server;
  const fs::path path = server.process.data() / "admin.sock";
  ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
  ASSERT_EQ(::chmod(server.process.data().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(server.process.data().parent_path().c_str(), 0755), 0);
  EXPECT_EQ(ask_as_stranger(path), StrangerGot::kNoAnswer) << server.process.log();
  EXPECT_TRUE(server.process.wait_for_log("the admin socket serves root"));
  EXPECT_EQ(run_latchkey(server.process.data(), {"user", "list"}).status, 0);
}

}  // namespace
}  // namespace latchkey::test
