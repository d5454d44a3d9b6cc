// `latchkey reload [FILE]`: opens the settings file and passes it to the server, which goes by it from then
// on. A confined server opens no file outside its data.
#pragma once

#include <string>

#include "backend.h"

namespace latchkey::command {

/// Prints what was applied, what waits for a restart, and what is hidden, or why nothing was changed. Returns
/// the exit status.
int reload_server(const BackendOptions& options, const std::string& path, bool as_json);

}  // namespace latchkey::command
