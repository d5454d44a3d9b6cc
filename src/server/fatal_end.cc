#include "server/fatal_end.h"

#include <fmt/format.h>
#include <unistd.h>

#include <string>

#include "latchkey/store/soundness.h"
#include "server/server.h"
#include "server/stderr_sink.h"

namespace latchkey::server {

void end_at_once(const store::DataDirectory& directory, const Error& error) noexcept {
  store::distrust_database(directory);
  // Written here, because the log's thread may not get to it any more.
  const std::string line = fmt::format(
      "latchkeyd: {}; what is on disk cannot be trusted: this process ends, and the next start checks the "
      "database\n",
      error.text);
  say_on_stderr(line);
  ::_exit(kExitFatal);
}

}  // namespace latchkey::server
