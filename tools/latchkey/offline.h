// The offline backend: runs api::Admin, and all its services from the server, on one thread. A mailbox with
// one port takes store jobs and hashes out and brings them back.
#pragma once

#include <memory>

#include "backend.h"
#include "latchkey/base/result.h"
#include "latchkey/store/data_directory.h"

namespace latchkey::command {

/// Opens the database in `directory`. The directory's lock is held as long as the backend exists.
Result<std::unique_ptr<Backend>> open_offline(store::DataDirectory directory);

}  // namespace latchkey::command
