// latchkeyd: reads its settings, and serves.
#include <sys/stat.h>
#include <unistd.h>

#include <iostream>
#include <optional>

#include "latchkey/server/server.h"
#include "latchkey/server/settings.h"
#include "latchkey/server/start_check.h"

int main(int argument_count, char** arguments) {
  using namespace latchkey::server;
  // Files are their owner's alone, whatever the one who started this has set.
  ::umask(077);
  const LoadedSettings loaded = load_settings(argument_count, arguments, to_environment(environ));
  const std::optional<int> status = answer_without_serving(loaded, std::cout, std::cerr);
  if (status) return *status;
  if (loaded.action == StartAction::kCheck) {
    return report(check_start(loaded.settings), loaded.settings, std::cout, std::cerr);
  }
  const latchkey::Result<void> served = serve(loaded.settings, loaded.warnings);
  if (served) return kExitDone;
  std::cerr << "latchkeyd: " << served.error().text << '\n';
  return kExitRefused;
}
