// Backend: what carries out the command's requests: the server, through its admin socket, where one holds the
// data directory's lock, and otherwise this process on the database itself. Both run api::Admin.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "latchkey/api/admin.h"
#include "latchkey/base/result.h"
#include "latchkey/store/data_directory.h"

namespace latchkey::command {

class Backend {
 public:
  virtual ~Backend() = default;
  /// Errors are of the way there; a refusal is a reply.
  virtual Result<api::AdminReply> act(api::AdminRequest request) = 0;
  /// Where it acts, as a sentence goes on: "in /var/lib/latchkey", "through the server at ...".
  virtual std::string place() const = 0;
};

/// The path from the root, for a sentence that says where something was done.
std::string whole_path(const std::filesystem::path& path);

struct BackendOptions {
  std::filesystem::path data;
  std::filesystem::path socket;      ///< the server's, if there is a server
  std::filesystem::path key_file{};  ///< as DirectoryOptions has it
  bool may_create = false;           ///< make the data directory and its database where they are missing
};

/// Waits some seconds for another command that holds the lock.
Result<std::unique_ptr<Backend>> open_backend(const BackendOptions& options);

/// The data directory, locked, for what cannot be done beside a server. Error kConflict where one works on
/// it.
Result<store::DataDirectory> open_without_server(const BackendOptions& options);

}  // namespace latchkey::command
