// The offline backend: api::Admin, and everything it works with in the server, on one thread: a mailbox with
// one port, to which store jobs and hashes are sent and from which they come home.
#pragma once

#include <memory>

#include "backend.h"
#include "latchkey/base/result.h"
#include "latchkey/store/data_directory.h"

namespace latchkey::command {

/// Opens the database in `directory`, whose lock is held until the backend goes.
Result<std::unique_ptr<Backend>> open_offline(store::DataDirectory directory);

}  // namespace latchkey::command
