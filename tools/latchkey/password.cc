#include "password.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>

#include "latchkey/base/printable.h"
#include "latchkey/credential/foreign_hash.h"
#include "latchkey/credential/hash_scheme.h"

namespace latchkey::command {

namespace {

/// What some editors and shells put at the start of a text to mark it as UTF-8.
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// A byte order mark, a password of full length with its line end, and one byte to detect a longer one.
constexpr std::size_t kMaxLineBytes = kByteOrderMark.size() + credential::kMaxPasswordBytes + 3;

tl::unexpected<Error> too_long() {
  return failure(ErrorCode::kInvalid,
                 fmt::format("the password is over {} bytes", credential::kMaxPasswordBytes));
}

/// Room for a line, wiped on destruction. It never grows, so it leaves no copy of its contents behind.
class Line {
 public:
  Line() = default;
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() { wipe(bytes_.data(), bytes_.size()); }

  bool is_full() const noexcept { return size_ == bytes_.size(); }
  /// Appends the result of one read(2).
  ssize_t read_more(int file) noexcept {
    const ssize_t got = ::read(file, bytes_.data() + size_, bytes_.size() - size_);
    if (got > 0) size_ += static_cast<std::size_t>(got);
    return got;
  }
  std::string_view text() const noexcept { return {bytes_.data(), size_}; }

 private:
  std::array<char, kMaxLineBytes> bytes_{};
  std::size_t size_ = 0;
};

/// Whether every second byte, beginning with `from`, is a NUL: ASCII in two bytes per character.
bool has_nul_every_second_byte(std::string_view text, std::size_t from) noexcept {
  if (text.size() < 2 || text.size() % 2 != 0) return false;
  for (std::size_t at = from; at < text.size(); at += 2) {
    if (text[at] != '\0') return false;
  }
  return true;
}

/// Whether the text is UTF-16 or UTF-32, in either byte order, judging by its byte order mark or its NULs.
bool is_wide(std::string_view text) noexcept {
  using std::string_view_literals::operator""sv;
  return text.starts_with("\xff\xfe"sv) || text.starts_with("\xfe\xff"sv) ||
         text.starts_with("\0\0\xfe\xff"sv) || has_nul_every_second_byte(text, 0) ||
         has_nul_every_second_byte(text, 1);
}

Result<SecretText> password_of(std::string_view line) {
  if (is_wide(line)) {
    return failure(ErrorCode::kInvalid,
                   "the input is in UTF-16 or UTF-32 and has to be in UTF-8: save the file as that, or set "
                   "$OutputEncoding in PowerShell");
  }
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.size() > credential::kMaxPasswordBytes) return too_long();
  return SecretText(line);
}

void wake_read(int) {}

/// Until it is destroyed, the terminal does not echo, and signals end a read instead of the program.
class QuietTerminal {
 public:
  explicit QuietTerminal(int file) noexcept : file_(file) {
    ::tcgetattr(file_, &before_);
    struct sigaction action {};
    action.sa_handler = wake_read;
    for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &action, &handlers_[i]);
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(file_, TCSAFLUSH, &quiet);
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;
  ~QuietTerminal() {
    ::tcsetattr(file_, TCSAFLUSH, &before_);
    for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &handlers_[i], nullptr);
  }

 private:
  static constexpr std::array<int, 3> kSignals = {SIGINT, SIGTERM, SIGHUP};

  int file_;
  termios before_{};
  std::array<struct sigaction, kSignals.size()> handlers_{};
};

void say(int terminal, std::string_view text) {
  [[maybe_unused]] const ssize_t written = ::write(terminal, text.data(), text.size());
}

Result<SecretText> ask_once(int terminal, std::string_view prompt) {
  Line line;
  say(terminal, prompt);
  while (!line.is_full() && !line.text().ends_with('\n')) {
    const ssize_t got = line.read_more(terminal);
    if (got < 0 && errno == EINTR) {
      say(terminal, "\n");
      return failure(ErrorCode::kCancelled, "cancelled; nothing was changed");
    }
    if (got <= 0) break;
  }
  say(terminal, "\n");
  return password_of(line.text());
}

/// A user who logs in does not type the mark.
std::string_view without_byte_order_mark(std::string_view input) {
  if (!input.starts_with(kByteOrderMark)) return input;
  fmt::print(stderr, "latchkey: the byte order mark at the beginning of the input is left out\n");
  return input.substr(kByteOrderMark.size());
}

}  // namespace

Result<SecretText> read_password_from_stdin() {
  Line line;
  while (!line.is_full()) {
    const ssize_t got = line.read_more(STDIN_FILENO);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(ErrorCode::kUnavailable, "standard input cannot be read");
    if (got == 0) return password_of(without_byte_order_mark(line.text()));
  }
  return too_long();
}

namespace {

std::string_view without_blanks(std::string_view text) noexcept {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// The hash in `input`: alone, or behind the user's name as in htpasswd and shadow.
Result<std::string_view> find_hash(std::string_view input, std::string_view user) {
  std::string_view hash = without_blanks(input);
  if (hash.empty()) return failure(ErrorCode::kInvalid, "standard input has no hash");
  if (hash.find('\n') != std::string_view::npos) {
    return failure(ErrorCode::kInvalid,
                   "standard input has more than one line: give the hash alone, or read the whole file with "
                   "`latchkey user import`");
  }
  if (const std::size_t colon = hash.find(':'); colon != std::string_view::npos) {
    if (hash.substr(0, colon) != user) {
      return failure(
          ErrorCode::kInvalid,
          fmt::format("the line is another user's, and not that of {}: give the hash alone, or the "
                      "line that begins with '{}:'",
                      printable(user), printable(user)));
    }
    hash.remove_prefix(colon + 1);
    hash = without_blanks(hash.substr(0, hash.find(':')));
  }
  if (hash.empty())
    return failure(ErrorCode::kInvalid, "the hash is empty, which would be a login without a password");
  if (hash.starts_with('!') || hash.starts_with('*')) {
    return failure(
        ErrorCode::kInvalid,
        fmt::format("it begins with '{}': the account is locked, or has no password; for a hash behind "
                    "it, leave that out, and disable the user",
                    hash.front()));
  }
  return hash;
}

}  // namespace

Result<SecretText> read_hash_from_stdin(std::string_view user) {
  LATCHKEY_TRY(const SecretText input, read_password_from_stdin());
  LATCHKEY_TRY(const std::string_view given, find_hash(input.view(), user));
  LATCHKEY_TRY(const credential::ForeignHash hash, credential::ForeignHash::read(given));
  LATCHKEY_TRY(const std::string stored, hash.to_store());
  if (!hash.weak().empty()) {
    fmt::print(
        stderr,
        "latchkey: the hash is fast to guess ({}): Argon2id of it is stored, and the next login replaces that\n",
        hash.weak());
  }
  return SecretText(stored);
}

Result<SecretText> ask_for_password(std::string_view user) {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal < 0) {
    return failure(ErrorCode::kUnavailable,
                   "there is no terminal to ask for the password on; give it on standard input, with "
                   "--password-stdin");
  }
  Result<SecretText> first;
  Result<SecretText> second;
  {
    const QuietTerminal quiet(terminal);
    first = ask_once(terminal, fmt::format("Password for {}: ", printable(user)));
    if (first) second = ask_once(terminal, "The same again: ");
  }
  ::close(terminal);
  if (!first) return first;
  if (second && second->view() != first->view()) {
    return failure(ErrorCode::kInvalid, "the two passwords differ; nothing was changed");
  }
  return second;
}

}  // namespace latchkey::command
