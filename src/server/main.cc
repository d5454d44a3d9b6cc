// latchkeyd: reads its settings, and serves.
#include <sys/stat.h>
#include <unistd.h>

#include <iostream>
#include <optional>

#include "server/confinement.h"
#include "server/event_help.h"
#include "server/server.h"
#include "server/settings.h"
#include "server/settings_manual.h"
#include "server/start_check.h"
#include "server/stderr_sink.h"

int main(int argument_count, char** arguments) {
  using namespace latchkey::server;
  // Files belong to their owner alone, whatever mask the parent process has set.
  ::umask(077);
  // Before the first file is opened: it must not take standard error's number and receive the log.
  if (const latchkey::Result<void> owned = own_descriptors(false); !owned) {
    say_on_stderr("latchkeyd: " + owned.error().text + '\n');
    return kExitRefused;
  }
  if (describe_settings(argument_count, arguments, std::cout)) return kExitDone;
  if (const auto explained = explain_event(argument_count, arguments, std::cout, std::cerr))
    return *explained;
  const LoadedSettings loaded = load_settings(argument_count, arguments, to_environment(environ));
  const std::optional<int> status = answer_without_serving(loaded, std::cout, std::cerr);
  if (status) return *status;
  if (loaded.action == StartAction::kCheck) {
    return report(check_start(loaded.settings), loaded.settings, std::cout, std::cerr);
  }
  const latchkey::Result<void> served = serve(loaded);
  if (served) return kExitDone;
  say_on_stderr("latchkeyd: " + served.error().text + '\n');
  return kExitRefused;
}
