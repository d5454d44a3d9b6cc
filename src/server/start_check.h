// What `latchkeyd --check` reports beyond the settings: whether a start with them would succeed, judged by
// the data directory, its owners and modes, the key, the database and the ports. It becomes the user that the
// server would become, and changes nothing on disk.
// Thread: the main thread calls it once, in a process that ends after it.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "server/settings.h"

namespace latchkey::server {

struct StartFindings {
  std::vector<std::string> notes;     ///< what is in order and worth saying
  std::vector<std::string> problems;  ///< why a start would be refused, each with what to do
};

StartFindings check_start(const Settings& settings);

/// Prints notes to `out` and problems to `err`. Returns the process's exit status.
int report(const StartFindings& findings, const Settings& settings, std::ostream& out, std::ostream& err);

}  // namespace latchkey::server
