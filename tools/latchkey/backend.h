// Backend: carries out the command's requests. If a server holds the data directory's lock, they go through
// its admin socket; otherwise this process works on the database itself. Both run api::Admin.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "admin_client.h"
#include "latchkey/api/admin.h"
#include "latchkey/base/result.h"
#include "latchkey/store/data_directory.h"

namespace latchkey::command {

/// All requests of a backend are of one conversation: an import is in several.
class Backend {
 public:
  virtual ~Backend() = default;
  /// Errors: the request could not be delivered. A refusal is a reply.
  virtual Result<api::AdminReply> act(api::AdminRequest request) = 0;
  /// Where it acts, to go into a sentence: "in /var/lib/latchkey", "through the server at ...".
  virtual std::string place() const = 0;
  /// The next request comes only after a while, in a new conversation.
  virtual void pause() {}
};

/// The absolute path, for a sentence that says where something was done.
std::string whole_path(const std::filesystem::path& path);

struct AdminSocket;

struct BackendOptions {
  std::filesystem::path data;
  std::filesystem::path socket;      ///< the server's, if one runs
  std::filesystem::path key_file{};  ///< as in DirectoryOptions
  bool for_restore = false;          ///< as in DirectoryOptions
  bool may_create = false;           ///< create the data directory and its database if they are missing
};

/// The socket of the server on the data directory. That server must be run by the directory's owner, or,
/// without a directory, by the user of this command.
AdminSocket admin_socket_of(const BackendOptions& options);

/// Makes root work as the owner of the data, for good. Does nothing for anybody else.
Result<void> become_owner(const std::filesystem::path& data);

/// Waits some seconds for another command that holds the lock.
Result<std::unique_ptr<Backend>> open_backend(const BackendOptions& options);

/// Locks the data directory, for work that cannot be done beside a server.
/// Errors: kConflict if a server works on it.
Result<store::DataDirectory> open_without_server(const BackendOptions& options);

}  // namespace latchkey::command
