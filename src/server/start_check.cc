#include "server/start_check.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <ostream>
#include <string_view>
#include <system_error>
#include <utility>

#include "latchkey/base/file_rules.h"
#include "latchkey/net/listener.h"
#include "latchkey/store/data_directory.h"
#include "latchkey/store/schema.h"
#include "latchkey/token/keyring.h"
#include "server/confinement.h"
#include "server/log_file.h"
#include "server/room_settings.h"
#include "server/server.h"
#include "server/start_data.h"
#include "server/start_sockets.h"

namespace latchkey::server {

namespace {

class Checker {
 public:
  explicit Checker(const Settings& settings) : settings_(settings) {}

  StartFindings run() && {
    become_the_server();
    check_directory();
    check_ports();
    check_admin_socket();
    check_log_file("audit_log", settings_.audit_log);
    if (settings_.access_log != kAccessLogOnStderr) check_log_file("access_log", settings_.access_log);
    return std::move(findings_);
  }

 private:
  void note(std::string text) { findings_.notes.push_back(std::move(text)); }
  void refuse(std::string text) { findings_.problems.push_back(std::move(text)); }

  void become_the_server() {
    ConfinementGaps gaps;
    const Result<void> left = leave_root(settings_.data, gaps, root_rules_of(settings_));
    if (!left) refuse(left.error().text);
    for (std::string& gap : gaps) note("warning: " + std::move(gap));
  }

  void check_directory() {
    Result<store::DirectoryFindings> found =
        store::DataDirectory::inspect(settings_.data, directory_options_of(settings_));
    if (!found) return refuse(std::move(found.error().text));
    data_ = std::move(*found);
    if (!data_.holder.empty()) {
      note(fmt::format("{} works on {}: that it holds the lock is as it should be", data_.holder,
                       settings_.data.string()));
    }
    if (!data_.directory) {
      check_above();
    } else if (!data_.database) {
      note(fmt::format("the start makes a database in {}, as --create asks for", settings_.data.string()));
    }
    std::optional<std::string> stored;
    if (data_.database) check_database(stored);
    check_key(stored);
  }

  void check_log_file(std::string_view setting, const std::filesystem::path& path) {
    if (path.empty()) return;
    if (const Result<void> can = LogFile::check(setting, path); !can) refuse(can.error().text);
  }

  void check_above() {
    std::filesystem::path data = settings_.data;
    if (!data.has_filename()) data = data.parent_path();
    const std::filesystem::path above = data.has_parent_path() ? data.parent_path() : ".";
    if (::access(above.c_str(), W_OK | X_OK) == 0) {
      return note(fmt::format("the start makes {}, as --create asks for", settings_.data.string()));
    }
    refuse(fmt::format("{} cannot be made: {}: {}; make it, and give it to the server's user (chown)",
                       settings_.data.string(), above.string(), std::system_category().message(errno)));
  }

  void check_database(std::optional<std::string>& fingerprint) {
    const std::string path = store::DataDirectory::database_path(settings_.data).string();
    Result<store::DatabaseFindings> found = store::inspect_database(path);
    if (!found && found.error().code == ErrorCode::kNotFound) return note(std::move(found.error().text));
    if (!found) return refuse(std::move(found.error().text));
    if (!found->has_tables && !data_.may_create_database) return refuse(store::no_tables(path).text);
    fingerprint = std::move(found->fingerprint);
    note(fmt::format("the database {} has {} {}{}", path, found->users, found->users == 1 ? "user" : "users",
                     found->users > 0 ? ""
                                      : fmt::format(": add one with `latchkey --data {} user add NAME`",
                                                    shell_word(settings_.data.string()))));
  }

  void check_key(const std::optional<std::string>& stored) {
    const std::string database = store::DataDirectory::database_path(settings_.data).string();
    const Result<token::Keyring> keyring = token::Keyring::load(settings_.key_file.string());
    if (keyring && stored) {
      const Result<void> fits =
          store::check_fingerprint(*stored, keyring->fingerprint(), database, settings_.key_file);
      if (!fits) refuse(fits.error().text);
    }
    if (keyring) return;
    if (keyring.error().code != ErrorCode::kNotFound) return refuse(keyring.error().text);
    if (is_credential(settings_.key_file.string())) return refuse(no_key_text(settings_.key_file));
    if (stored) return refuse(store::lost_key(database, settings_.key_file).text);
    if (!settings_.create) return refuse(no_key_text(settings_.key_file));
    note(fmt::format("the start makes the key file {}, as --create asks for", settings_.key_file.string()));
  }

  void check_ports() {
    for (const Sockets::Address& address : addresses_of(settings_)) {
      if (address.where.is_unix()) {
        check_socket(address.where);
      } else {
        check_port(address.where.endpoint);
      }
    }
    const Result<net::UnixAccess> access = unix_access_of(settings_);
    if (!access) refuse(access.error().text);
  }

  void check_socket(const ListenAddress& where) {
    const Result<void> safe = check_socket_directory(settings_, where.path, kListenDirectory);
    if (!safe) return refuse(safe.error().text);
    const std::string above = std::filesystem::path(where.path).parent_path().string();
    if (above != settings_.data && ::access(above.c_str(), W_OK | X_OK) != 0) {
      return refuse(
          fmt::format("cannot listen on the socket '{}': {} may not be written: {}; let the server's "
                      "user write to it",
                      where.path, above, std::system_category().message(errno)));
    }
    if (std::find(data_.endpoints.begin(), data_.endpoints.end(), where.to_text()) != data_.endpoints.end()) {
      return note(fmt::format("{} is held by that server", where.to_text()));
    }
    check_unanswered(where.path);
  }

  void check_port(const net::Endpoint& endpoint) {
    const Result<void> is_free = net::Listener::check_free(endpoint);
    if (is_free) return;
    if (is_free.error().code != ErrorCode::kConflict || !is_held_by_server(endpoint)) {
      return refuse(is_free.error().text);
    }
    note(fmt::format("{} is held by that server", endpoint.to_text()));
  }

  /// Whether the server that works on the same data holds it; then it is free once that server has stopped.
  bool is_held_by_server(const net::Endpoint& wanted) const {
    return std::any_of(data_.endpoints.begin(), data_.endpoints.end(), [&wanted](const std::string& text) {
      const Result<net::Endpoint> held = net::Endpoint::parse(text);
      if (!held || held->port != wanted.port) return false;
      return held->address == wanted.address || is_any(held->address) || is_any(wanted.address);
    });
  }

  static bool is_any(const net::IpAddress& address) {
    return address == net::IpAddress::from_v4(0, 0, 0, 0) || address.to_text() == "::";
  }

  void check_admin_socket() {
    const std::string path = settings_.admin_socket.string();
    const Result<void> safe = check_admin_directory(settings_);
    if (!safe) return refuse(safe.error().text);
    if (const Result<net::UnixAccess> access = admin_access_of(settings_); !access)
      refuse(access.error().text);
    // If a server works on the same data, the socket is that server's own.
    if (!data_.holder.empty()) return;
    check_unanswered(path);
  }

  void check_unanswered(const std::string& path) {
    const Result<bool> answered = net::Listener::is_answered(path);
    if (!answered) return refuse(answered.error().text);
    if (*answered) {
      refuse(fmt::format("another process listens on '{}': stop it, or listen elsewhere", path));
    }
  }

  const Settings& settings_;
  StartFindings findings_;
  store::DirectoryFindings data_;
};

}  // namespace

StartFindings check_start(const Settings& settings) { return Checker(settings).run(); }

int report(const StartFindings& findings, const Settings& settings, std::ostream& out, std::ostream& err) {
  for (const std::string& text : findings.notes) out << text << '\n';
  for (const std::string& text : findings.problems) err << "latchkeyd: " << text << '\n';
  if (!findings.problems.empty()) return kExitRefused;
  out << "a start over " << settings.data.string() << " would go well\n";
  return kExitDone;
}

}  // namespace latchkey::server
